package sysroot

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/repo"
)

// elsewhere is a directory on another file system than path; where the machine
// has only one, on the same.
func elsewhere(t *testing.T, path string) (dir string, other bool) {
	t.Helper()
	var have, st unix.Stat_t
	require.NoError(t, unix.Stat(path, &have))
	for _, base := range []string{"/dev/shm", "/tmp", "/var/tmp", "/run"} {
		if unix.Stat(base, &st) == nil && st.Dev != have.Dev && unix.Access(base, unix.W_OK) == nil {
			dir, err := os.MkdirTemp(base, "boot")
			require.NoError(t, err)
			t.Cleanup(func() { os.RemoveAll(dir) })
			return dir, true
		}
	}
	return t.TempDir(), false
}

// A /boot on a file system of its own gets copies of kernels.
func TestBootOnOtherFileSystem(t *testing.T) {
	forEachMode(t, func(t *testing.T, mode repo.Mode) {
		w := newWorld(t, mode)
		boot, other := elsewhere(t, w.dir)
		move := func(w *world, boot string) {
			require.NoError(t, os.Remove(filepath.Join(w.dir, "boot")))
			require.NoError(t, os.Symlink(boot, filepath.Join(w.dir, "boot")))
		}
		w.file("usr/lib/modules/6.1.2-lmp/dtb/a/b.dtb", "tree", 0o640)
		w.link("usr/lib/modules/6.1.2-lmp/dtb/c.dtb", "a/b.dtb")
		c := w.commit("main", "1")
		theirs := w.copy()
		theirBoot, _ := elsewhere(t, w.dir)
		move(w, boot)
		move(theirs, theirBoot)
		theirs.admin("deploy", "--os="+testOS, "main")
		s := w.open()
		d, err := s.Deploy(t.Context(), Request{OS: testOS, Commit: c, Refspec: "main"})
		require.NoError(t, err)
		requireSame(t, theirBoot, boot)
		var st unix.Stat_t
		require.NoError(t, unix.Stat(filepath.Join(boot, bootDir(d), "vmlinuz-6.1.2-lmp"), &st))
		require.Equal(t, other, st.Nlink == 1)
		w.admin("status")
		_, err = s.Deploy(t.Context(), Request{OS: testOS, Commit: w.next("2"), Refspec: "main"})
		require.NoError(t, err)
		require.NoError(t, s.SetDefault(t.Context(), s.Deployments()[1]))
		require.Equal(t, "1 2", versions(s.Deployments()))
		w.admin("status")
	})
}

// Freezing is not for every file system and user; flushing has to do then.
func TestFreezeThaw(t *testing.T) {
	dir, err := openFollow(unix.AT_FDCWD, t.TempDir())
	require.NoError(t, err)
	defer unix.Close(dir)
	shm, err := openFollow(unix.AT_FDCWD, "/proc/self")
	require.NoError(t, err)
	defer unix.Close(shm)
	require.NoError(t, freezeThaw(shm), "proc cannot be frozen")
	require.NoError(t, setImmutable(shm, true), "nor made immutable")
	if os.Geteuid() != 0 {
		require.NoError(t, freezeThaw(dir), "a user cannot freeze")
	}
	w := newWorld(t, repo.BareUserOnly)
	s := w.open()
	freezable, err := s.bootFreezable()
	require.NoError(t, err)
	require.False(t, freezable, "the sysroot itself must not be frozen")
}
