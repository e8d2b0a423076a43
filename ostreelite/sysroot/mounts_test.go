package sysroot

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/repo"
)

// mountExt4 mounts a new ext4 of that many MiB for the rest of the test, and
// gives its image.
func mountExt4(t *testing.T, dir string, size int64, options string) string {
	t.Helper()
	image := filepath.Join(t.TempDir(), "image")
	require.NoError(t, os.WriteFile(image, nil, 0o600))
	require.NoError(t, os.Truncate(image, size<<20))
	run(t, "mkfs.ext4", "-q", "-F", "-m0", image)
	run(t, "mount", "-o", "loop"+options, image, dir)
	t.Cleanup(func() { run(t, "umount", dir) })
	// mkfs made it, and libostree would not.
	_ = os.Remove(filepath.Join(dir, "lost+found"))
	return image
}

// bootedOptions make a sysroot look as if its default deployment ran.
func (w *world) bootedOptions() Options {
	w.t.Helper()
	d := w.open().Deployments()[0]
	link := bootLink{d.BootVersion, d.OS, d.BootChecksum, d.BootSerial}
	return Options{Booted: true, Cmdline: "ostree=" + link.String()}
}

// A boot loader reads the disk without the journal: what it sees there must be
// in effect before anything is removed, that is as soon as Deploy returns.
func TestOwnExt4LikeOstree(t *testing.T) {
	if os.Geteuid() != 0 {
		require.Error(t, unix.Mount("none", t.TempDir(), "tmpfs", 0, ""))
		return
	}
	w := newWorld(t, repo.Bare)
	w.next("1")
	theirs := w.copy()
	image := mountExt4(t, filepath.Join(w.dir, "boot"), 32, "")
	mountExt4(t, filepath.Join(theirs.dir, "boot"), 32, "")
	for _, version := range []string{"2", "3", "4"} {
		c := w.next(version)
		run(t, "ostree", "pull-local", "--repo="+theirs.dir+"/ostree/repo", w.dir+"/ostree/repo", c.String())
		theirs.admin("deploy", "--os="+testOS, c.String())
		s := w.open()
		freezable, err := s.bootFreezable()
		require.NoError(t, err)
		require.True(t, freezable)
		d, err := s.Deploy(t.Context(), Request{OS: testOS, Commit: c, Refspec: c.String()})
		require.NoError(t, err)
		requireSame(t, filepath.Join(theirs.dir, "boot"), filepath.Join(w.dir, "boot"))
		w.fsck()

		entry := fmt.Sprintf("loader.%d/entries/%s", d.BootVersion, d.entry.name)
		require.Equal(t, w.bootText(entry), run(t, "debugfs", "-R", "cat /"+entry, image))
		require.Contains(t, run(t, "debugfs", "-R", "stat /loader", image), fmt.Sprintf("%q", loaderDirName(d.BootVersion)))
		require.Equal(t, "kernel "+version, run(t, "debugfs", "-R", "cat "+d.entry.keys["linux"], image))
	}
}

// A process that was killed between freezing and thawing leaves boot frozen.
func TestOpenThawsBoot(t *testing.T) {
	if os.Geteuid() != 0 {
		require.NoError(t, deployed(t, repo.BareUserOnly, "1").open().thawLeftover())
		return
	}
	w := newWorld(t, repo.Bare)
	boot := filepath.Join(w.dir, "boot")
	mountExt4(t, boot, 16, "")
	fd, err := openFollow(unix.AT_FDCWD, boot)
	require.NoError(t, err)
	defer unix.Close(fd)
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), fiFreeze, 0)
	require.Zero(t, errno)
	defer unix.Syscall(unix.SYS_IOCTL, uintptr(fd), fiThaw, 0)
	done := make(chan error, 1)
	go func() { done <- os.WriteFile(filepath.Join(boot, "file"), nil, 0o600) }()
	select {
	case err := <-done:
		t.Fatal("boot was not frozen:", err)
	case <-time.After(100 * time.Millisecond):
	}
	w.open()
	require.NoError(t, <-done)
	require.NoError(t, freezeThaw(fd))
	require.NoError(t, os.WriteFile(filepath.Join(boot, "file"), nil, 0o600))
}

// With sysroot.readonly only this package may write, and no longer than it
// takes to boot alone.
func TestReadOnlyMounts(t *testing.T) {
	w := deployed(t, repo.BareUserOnly, "1")
	if os.Geteuid() != 0 {
		// No namespace can be made; what is not needed is not asked for either.
		_, err := newMountView()
		require.ErrorIs(t, err, unix.EPERM)
		s := w.openWith(w.bootedOptions())
		require.Nil(t, s.mounts)
		_, err = s.Deploy(t.Context(), Request{Commit: w.next("2")})
		require.NoError(t, err)
		return
	}
	c := w.next("2")
	w.config("sysroot.bootloader", "grub2")
	boot := filepath.Join(w.dir, "boot")
	kept := filepath.Join(t.TempDir(), "boot")
	require.NoError(t, os.Rename(boot, kept))
	require.NoError(t, os.Mkdir(boot, 0o755))
	require.NoError(t, unix.Mount(w.dir, w.dir, "", unix.MS_BIND, ""))
	t.Cleanup(func() { require.NoError(t, unix.Unmount(w.dir, unix.MNT_DETACH)) })
	mountExt4(t, boot, 32, ",nosuid,noatime")
	run(t, "cp", "-a", kept+"/.", boot)
	options := w.bootedOptions()
	options.GrubGenerator = generator(t)
	require.NoError(t, unix.Mount("", boot, "", unix.MS_REMOUNT|unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NOATIME, ""))
	require.NoError(t, unix.Mount("", w.dir, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""))
	mounts := func() string {
		table, err := os.ReadFile("/proc/self/mountinfo")
		require.NoError(t, err)
		var ours []string
		for line := range strings.SplitSeq(string(table), "\n") {
			if strings.Contains(line, w.dir) {
				ours = append(ours, line)
			}
		}
		return strings.Join(ours, "\n")
	}
	before := mounts()
	require.Contains(t, before, " ro,nosuid,noatime ")
	denied := func() {
		t.Helper()
		for _, dir := range []string{w.dir, boot} {
			require.ErrorIs(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600), unix.EROFS)
		}
	}
	denied()

	s := w.openWith(options)
	require.NotNil(t, s.mounts)
	require.NoError(t, s.Repo().SetRef("pulled", c), "what is pulled goes to the repository before a change")
	d, err := s.Deploy(t.Context(), Request{Commit: c, Refspec: "main"})
	require.NoError(t, err)
	require.Contains(t, w.bootText("loader/grub.cfg"), d.BootChecksum)
	require.Equal(t, before, mounts(), "the file system of boot is read-only again")
	denied()
	require.NoError(t, s.SetDefault(t.Context(), s.Deployments()[1]))
	require.Equal(t, before, mounts())
	denied()
	require.NoError(t, s.Close())
	require.Eventually(t, func() bool { return otherNamespaces(t) == 0 }, 5*time.Second, 10*time.Millisecond)

	// Not said to be the running system's, it is left as it is.
	s = w.open()
	_, err = s.Deploy(t.Context(), Request{OS: testOS, Commit: c})
	require.ErrorIs(t, err, unix.EROFS)
	require.Contains(t, w.admin("status"), "Version: 1")
}

// otherNamespaces counts the threads in mount namespaces of their own.
func otherNamespaces(t *testing.T) int {
	t.Helper()
	own, err := os.Readlink("/proc/self/ns/mnt")
	require.NoError(t, err)
	threads, err := filepath.Glob("/proc/self/task/*/ns/mnt")
	require.NoError(t, err)
	count := 0
	for _, thread := range threads {
		if other, err := os.Readlink(thread); err == nil && other != own {
			count++
		}
	}
	return count
}

func TestMountInfo(t *testing.T) {
	id, ok := mountID("pos:\t0\nflags:\t0100000\nmnt_id:\t36\nino:\t2\n")
	require.True(t, ok)
	require.Equal(t, "36", id)
	_, ok = mountID("pos:\t0\n")
	require.False(t, ok)
	const table = "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw\n" +
		"6 35 98:0 / /a\\040b\\134\\011c\\0 rw - ext4 /dev/x ro\n"
	path, ok := findMount(table, "36")
	require.True(t, ok)
	require.Equal(t, "/mnt2", path)
	path, ok = findMount(table, "6")
	require.True(t, ok)
	require.Equal(t, "/a b\\\tc\\0", path)
	_, ok = findMount(table, "3")
	require.False(t, ok)
}
