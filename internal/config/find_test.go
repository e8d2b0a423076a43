package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDefaultPlacesMayBeMissing: any of them, but not all, and not for another
// reason than absence.
func TestDefaultPlacesMayBeMissing(t *testing.T) {
	dir := t.TempDir()
	usr, sota, etc := filepath.Join(dir, "usr"), filepath.Join(dir, "var", "sota.toml"), filepath.Join(dir, "etc")
	places := []string{usr, sota, etc}
	_, err := find(places, false)
	require.ErrorIs(t, err, ErrNone)
	require.EqualError(t, err, "no configuration: no *.toml file in "+usr+", "+sota+", "+etc)

	require.NoError(t, os.Mkdir(etc, 0o700))
	_, err = find(places, false)
	require.ErrorIs(t, err, ErrNone, "an empty place is no configuration")

	require.NoError(t, os.WriteFile(filepath.Join(etc, "50-x.toml"), nil, 0o600))
	files, err := find(places, false)
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(etc, "50-x.toml")}, files)

	require.NoError(t, os.WriteFile(filepath.Join(dir, "var"), nil, 0o600))
	_, err = find(places, false)
	require.Error(t, err, "a file in place of a directory")
	require.NotErrorIs(t, err, ErrNone)
}
