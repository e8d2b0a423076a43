package repo

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// TestDetached reads what the real ostree writes, and the other way round.
func TestDetached(t *testing.T) {
	r := newRepo(t, BareUserOnly)
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "file"), []byte("data"), 0o644))
	hex := ostree(t, "--repo="+r.Path(), "commit", "--branch=main", "--tree=dir="+root,
		"--add-detached-metadata-string=note=one")
	c, err := object.ParseChecksum(strings.TrimSpace(hex))
	require.NoError(t, err)
	data, err := r.Detached(c)
	require.NoError(t, err)
	require.Equal(t, object.CommitMetadata(map[string][]byte{"note": object.StringVariant("one")}), data)

	x := begin(t, r)
	for _, note := range []string{"two", "three"} {
		require.NoError(t, x.WriteDetached(c, object.CommitMetadata(map[string][]byte{"note": object.StringVariant(note)})))
	}
	require.ErrorIs(t, x.WriteDetached(c, []byte("no dictionary")), ErrCorrupt)
	require.NoError(t, x.Commit())
	require.Equal(t, "'three'\n", ostree(t, "--repo="+r.Path(), "show", "--print-detached-metadata-key=note", c.String()))

	require.NoError(t, os.WriteFile(filepath.Join(r.Path(), "objects", loosePathExt(c, "commitmeta")), []byte("no dictionary"), 0o644))
	_, err = r.Detached(c)
	require.ErrorIs(t, err, ErrCorrupt)
	_, err = r.Detached(object.Sum([]byte("other")))
	require.ErrorIs(t, err, ErrNotFound)
}
