package applets

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// board is a root filesystem with the program in it.
func board(t *testing.T) (program, bin string) {
	t.Helper()
	dir := t.TempDir()
	bin = filepath.Join(dir, "usr/bin")
	program = filepath.Join(dir, "usr/lib/sotabox/sotabox")
	for _, d := range []string{bin, filepath.Dir(program)} {
		require.NoError(t, os.MkdirAll(d, 0o755))
	}
	require.NoError(t, os.WriteFile(program, []byte("program"), 0o755))
	require.NoError(t, os.Symlink("usr/bin", filepath.Join(dir, "bin")))
	return program, bin
}

func TestInstall(t *testing.T) {
	program, bin := board(t)
	names := []string{"aktualizr-lite", "sotactl"}
	through := filepath.Join(bin, "../../bin") // a link to bin
	require.NoError(t, os.Symlink("/bin/busybox", filepath.Join(bin, "sotactl")))
	require.NoError(t, os.Symlink("left by a killed run", filepath.Join(bin, ".sotactl.new")))

	made, err := installFor(program, through, names)
	require.NoError(t, err)
	require.Len(t, made, 2)
	for i, name := range names {
		require.Equal(t, Link{filepath.Join(through, name), "../lib/sotabox/sotabox"}, made[i])
		got, err := os.ReadFile(filepath.Join(bin, name))
		require.NoError(t, err)
		require.Equal(t, "program", string(got))
	}

	made, err = installFor(program, bin, names)
	require.NoError(t, err)
	require.Empty(t, made, "a second run has nothing to do")
	entries, err := os.ReadDir(bin)
	require.NoError(t, err)
	require.Len(t, entries, 2, "nothing is left aside")
}

func TestInstallLeavesWhatIsNoLink(t *testing.T) {
	for about, put := range map[string]func(path string) error{
		"file":      func(p string) error { return os.WriteFile(p, []byte("precious"), 0o755) },
		"directory": func(p string) error { return os.Mkdir(p, 0o755) },
	} {
		t.Run(about, func(t *testing.T) {
			program, bin := board(t)
			require.NoError(t, put(filepath.Join(bin, "sotactl")))
			before, err := os.Lstat(filepath.Join(bin, "sotactl"))
			require.NoError(t, err)

			_, err = installFor(program, bin, []string{"aktualizr-lite", "sotactl"})
			require.ErrorIs(t, err, ErrInTheWay)
			require.ErrorContains(t, err, "sotactl")
			after, err := os.Lstat(filepath.Join(bin, "sotactl"))
			require.NoError(t, err)
			require.True(t, os.SameFile(before, after))
			require.NoFileExists(t, filepath.Join(bin, "aktualizr-lite"), "nothing else is changed either")
		})
	}
}

func TestInstallNeedsADirectory(t *testing.T) {
	program, bin := board(t)
	for _, dir := range []string{filepath.Join(bin, "none"), program} {
		_, err := installFor(program, dir, []string{"sotactl"})
		require.Error(t, err)
	}
}
