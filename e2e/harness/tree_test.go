//go:build factory

package harness

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDifferences(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), mode))
		require.NoError(t, os.Chmod(filepath.Join(dir, name), mode))
	}
	describe := func() map[string]string {
		t.Helper()
		lines := map[string]string{}
		require.NoError(t, describeTree(dir, ".", lines))
		return lines
	}
	write("same", "1", 0o644)
	write("content", "1", 0o644)
	write("mode", "1", 0o644)
	write("gone", "1", 0o644)
	before := describe()
	require.Empty(t, differences(before, describe()))

	write("content", "2", 0o644)
	write("mode", "1", 0o600)
	write("new", "1", 0o644)
	require.NoError(t, os.Remove(filepath.Join(dir, "gone")))
	got := differences(before, describe())
	for _, want := range []string{"\ncontent\n", "\nmode\n", "\ngone is gone", "\nnew is new"} {
		require.Contains(t, got, want)
	}
	require.NotContains(t, got, "same")
}

func TestATreeThatIsNotThereHasNoLines(t *testing.T) {
	lines := map[string]string{}
	require.NoError(t, describeTree(t.TempDir(), "nowhere", lines))
	require.Empty(t, lines)
}

func TestIsLog(t *testing.T) {
	require.True(t, isLog("warning: request failed, trying again\n"))
	require.False(t, isLog("aktualizr-lite: check: something is wrong\n"))
	require.False(t, isLog("warning\n"))
}
