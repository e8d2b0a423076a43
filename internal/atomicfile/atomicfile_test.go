package atomicfile_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/internal/atomicfile"
)

func openDir(t *testing.T) *os.File {
	t.Helper()
	dir, err := os.Open(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { dir.Close() })
	return dir
}

func TestWriteReadRemove(t *testing.T) {
	dir := openDir(t)
	defer syscall.Umask(syscall.Umask(0o077))
	require.NoError(t, atomicfile.Write(dir, "a", []byte("one"), 0o644))
	require.NoError(t, atomicfile.Write(dir, "a", []byte("two"), 0o640))
	got, err := atomicfile.Read(dir, "a", 3)
	require.NoError(t, err)
	require.Equal(t, "two", string(got))
	st, err := os.Stat(filepath.Join(dir.Name(), "a"))
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o640), st.Mode().Perm(), "the mode is exact, whatever the umask")

	_, err = atomicfile.Read(dir, "a", 2)
	require.ErrorIs(t, err, atomicfile.ErrTooLarge)
	require.NoError(t, atomicfile.Remove(dir, "a"))
	require.NoError(t, atomicfile.Remove(dir, "a"))
	_, err = atomicfile.Read(dir, "a", 3)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, filepath.Join(dir.Name(), "a"))
	requireNames(t, dir)
}

func TestNamesThatLeadElsewhere(t *testing.T) {
	dir := openDir(t)
	for _, name := range []string{"", ".", "..", "../x", "a/b", "/etc/passwd", "a\x00b", strings.Repeat("n", 256)} {
		t.Run(fmt.Sprintf("%.12q", name), func(t *testing.T) {
			require.ErrorIs(t, atomicfile.Write(dir, name, nil, 0o600), atomicfile.ErrBadName)
			require.ErrorIs(t, atomicfile.Remove(dir, name), atomicfile.ErrBadName)
			_, err := atomicfile.Read(dir, name, 1)
			require.ErrorIs(t, err, atomicfile.ErrBadName)
		})
	}
	require.NoError(t, atomicfile.Write(dir, strings.Repeat("n", 255), []byte("x"), 0o600))
}

func TestLinksAreNotFollowed(t *testing.T) {
	dir := openDir(t)
	outside := filepath.Join(t.TempDir(), "outside")
	require.NoError(t, os.WriteFile(outside, []byte("keep"), 0o600))
	require.NoError(t, os.Symlink(outside, filepath.Join(dir.Name(), "link")))
	_, err := atomicfile.Read(dir, "link", 10)
	require.ErrorIs(t, err, atomicfile.ErrNotRegular)
	require.NoError(t, atomicfile.Write(dir, "link", []byte("new"), 0o600))
	kept, err := os.ReadFile(outside)
	require.NoError(t, err)
	require.Equal(t, "keep", string(kept))
	got, err := atomicfile.Read(dir, "link", 10)
	require.NoError(t, err)
	require.Equal(t, "new", string(got))
}

func TestReadOfSomethingElse(t *testing.T) {
	dir := openDir(t)
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir.Name(), "fifo"), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir.Name(), "dir"), 0o700))
	for _, name := range []string{"fifo", "dir"} {
		_, err := atomicfile.Read(dir, name, 10)
		require.ErrorIs(t, err, atomicfile.ErrNotRegular, name)
	}
}

func TestFailedWriteLeavesTheOldContent(t *testing.T) {
	dir := openDir(t)
	// A directory with something in it cannot be renamed over.
	require.NoError(t, os.MkdirAll(filepath.Join(dir.Name(), "busy", "x"), 0o700))
	require.Error(t, atomicfile.Write(dir, "busy", []byte("new"), 0o600))
	requireNames(t, dir, "busy")
}

func TestWritersDoNotMix(t *testing.T) {
	dir := openDir(t)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for range 10 {
				if err := atomicfile.Write(dir, "shared", bytes.Repeat([]byte{'a' + byte(i)}, 5000), 0o600); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	got, err := atomicfile.Read(dir, "shared", 1<<20)
	require.NoError(t, err)
	require.Equal(t, bytes.Repeat(got[:1], 5000), got)
	requireNames(t, dir, "shared")
}

func TestSweep(t *testing.T) {
	dir := openDir(t)
	require.NoError(t, atomicfile.Write(dir, "keep", []byte("x"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir.Name(), ".sotabox-ABC.tmp"), []byte("half"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir.Name(), ".other.tmp"), nil, 0o600))
	require.NoError(t, atomicfile.Sweep(dir))
	require.NoError(t, atomicfile.Sweep(dir), "a second sweep sees the directory whole again")
	requireNames(t, dir, ".other.tmp", "keep")
}

func requireNames(t *testing.T, dir *os.File, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir.Name())
	require.NoError(t, err)
	got := []string{}
	for _, e := range entries {
		got = append(got, e.Name())
	}
	require.ElementsMatch(t, want, got)
}
