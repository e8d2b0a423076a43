package repo

import (
	"bytes"
	"context"
	"errors"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// reflinkDir is a directory on a filesystem where files can share blocks. Only
// root can mount one, and not in every container; others get a plain directory
// and false.
func reflinkDir(t *testing.T) (dir string, shares bool) {
	dir = t.TempDir()
	if os.Getuid() != 0 {
		return dir, false
	}
	image := filepath.Join(t.TempDir(), "image")
	require.NoError(t, os.WriteFile(image, nil, 0o600))
	require.NoError(t, os.Truncate(image, 256<<20))
	out, err := exec.Command("mkfs.btrfs", "-q", image).CombinedOutput()
	require.NoError(t, err, "%s", out)
	if out, err := exec.Command("mount", "-o", "loop", image, dir).CombinedOutput(); err != nil {
		t.Logf("root may not mount here, blocks are copied: %s", out)
		return dir, false
	}
	t.Cleanup(func() {
		out, err := exec.Command("umount", dir).CombinedOutput()
		require.NoError(t, err, "%s", out)
	})
	return dir, true
}

// TestImportFileClones imports between modes on a filesystem with reflinks: the
// data is shared, and verified nevertheless.
func TestImportFileClones(t *testing.T) {
	dir, shares := reflinkDir(t)
	data := make([]byte, 20<<20)
	rand.New(rand.NewSource(1)).Read(data)
	create := func(name string, mode Mode) *Repo {
		r, err := Create(filepath.Join(dir, name), mode)
		require.NoError(t, err)
		t.Cleanup(func() { r.Close() })
		return r
	}
	src, dst := create("src", BareUser), create("dst", BareUserOnly)
	c, h := sample(BareUser, string(data))
	x := begin(t, src)
	require.NoError(t, x.WriteFile(c, h, int64(len(data)), bytes.NewReader(data)))
	require.NoError(t, x.Commit())
	unix.Sync()

	free := func() uint64 {
		unix.Sync()
		var st unix.Statfs_t
		require.NoError(t, unix.Statfs(dir, &st))
		return st.Bfree * uint64(st.Bsize)
	}
	before := free()
	x = begin(t, dst)
	size, err := x.ImportFile(t.Context(), src, c)
	require.NoError(t, err)
	require.EqualValues(t, len(data), size)
	require.NoError(t, x.Commit())
	require.NoError(t, dst.Verify(fileName(c)))
	if shares {
		require.Greater(t, free()+uint64(len(data)/2), before, "no second copy of the data")
	}

	require.NoError(t, os.WriteFile(filepath.Join(src.Path(), "objects", loosePath(fileName(c), BareUser)), data[1:], 0o644))
	dst = create("other", BareUserOnly)
	x = begin(t, dst)
	_, err = x.ImportFile(t.Context(), src, c)
	require.ErrorIs(t, err, ErrCorrupt)
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	cancel(gone)
	_, err = x.ImportFile(ctx, src, c)
	require.ErrorIs(t, err, gone)
	require.NoError(t, x.Commit())
	require.Empty(t, filesUnder(t, dst, "objects"))
}
