package repo

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// Objects that are published into a directory which is there, into one which is
// not, and again after a checkpoint took the staging directory away.
func TestPublish(t *testing.T) {
	r := newRepo(t, BareUserOnly)
	h := &object.FileHeader{Mode: object.ModeRegular | 0o644}
	var all []object.Checksum
	for round := range 3 {
		x := begin(t, r)
		for i := range 400 {
			data := fmt.Appendf(nil, "%d %d", round, i)
			c := sumOf(h, data)
			all = append(all, c)
			require.NoError(t, x.WriteFile(c, h, int64(len(data)), bytes.NewReader(data)))
			if i%150 == 149 {
				require.NoError(t, x.Checkpoint())
			}
			ok, err := x.Has(fileName(c))
			require.NoError(t, err)
			require.True(t, ok)
		}
		require.NoError(t, x.Commit())
	}
	for _, c := range all {
		require.NoError(t, r.Verify(fileName(c)))
	}
	left, err := filepath.Glob(filepath.Join(r.Path(), "tmp", "staging-*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

// An object that a checkpoint moves is never missing to somebody who asks.
func TestHasDuringCheckpoint(t *testing.T) {
	r := newRepo(t, BareUserOnly)
	h := &object.FileHeader{Mode: object.ModeRegular | 0o644}
	x := begin(t, r)
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 300 {
				data := fmt.Appendf(nil, "%d %d", w, i)
				c := sumOf(h, data)
				if err := x.WriteFile(c, h, int64(len(data)), bytes.NewReader(data)); err != nil {
					t.Error(err)
				}
				if ok, err := x.Has(fileName(c)); err != nil || !ok {
					t.Errorf("object %s is %v, %v", c, ok, err)
				}
			}
		})
	}
	for range 20 {
		require.NoError(t, x.Checkpoint())
	}
	wg.Wait()
	require.NoError(t, x.Commit())
}

// The early flush does not hide an error from the checkpoint.
func TestFlusherKeepsErrors(t *testing.T) {
	x := begin(t, newRepo(t, BareUserOnly))
	defer x.Abort()
	dir := x.stage.dir
	x.stage.dir = -1
	require.ErrorIs(t, x.flush.sync(x), syscall.EBADF)
	x.stage.dir = dir
	require.ErrorIs(t, x.flush.sync(x), syscall.EBADF)
	require.ErrorIs(t, x.Checkpoint(), syscall.EBADF)
}

// Files are as their headers say whatever the umask and the directory give them.
func TestBirth(t *testing.T) {
	for _, umask := range []int{0, 0o022, 0o077} {
		for _, dirMode := range []os.FileMode{0o755, 0o755 | os.ModeSetgid} {
			t.Run(fmt.Sprintf("%03o in %v", umask, dirMode), func(t *testing.T) {
				r := newRepo(t, BareUserOnly)
				tmp := filepath.Join(r.Path(), "tmp")
				if os.Geteuid() == 0 {
					require.NoError(t, os.Chown(tmp, 0, 12345))
				}
				require.NoError(t, os.Chmod(tmp, dirMode))
				old := syscall.Umask(umask)
				defer syscall.Umask(old)
				x := begin(t, r)
				for _, perm := range []uint32{0o644, 0o755, 0o775, 0o400, 0o444, 0o600} {
					h := &object.FileHeader{Mode: object.ModeRegular | perm}
					c := sumOf(h, []byte("x"))
					require.NoError(t, x.WriteFile(c, h, 1, bytes.NewReader([]byte("x"))))
				}
				require.NoError(t, x.Commit())
				report, err := r.Fsck(t.Context())
				require.NoError(t, err)
				require.Empty(t, report.Problems)
				for _, perm := range []uint32{0o644, 0o755, 0o775, 0o400, 0o444, 0o600} {
					h := &object.FileHeader{Mode: object.ModeRegular | perm}
					st, err := os.Stat(filepath.Join(r.Path(), "objects", loosePath(fileName(sumOf(h, []byte("x"))), BareUserOnly)))
					require.NoError(t, err)
					require.Equal(t, os.FileMode(perm), st.Mode())
					require.EqualValues(t, 0, st.ModTime().Unix())
				}
			})
		}
	}
}
