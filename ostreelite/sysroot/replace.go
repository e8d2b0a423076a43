package sysroot

import (
	"os"

	"golang.org/x/sys/unix"
)

// tmpSuffix marks a file that is being written; one that a cut left behind is
// replaced by the next attempt.
const tmpSuffix = ".tmp"

// replaceFile gives a file its content so that a cut leaves the old or the new
// file, whole. The directory is not flushed; that is for the caller, once for
// all it writes.
func replaceFile(at int, name string, data []byte, mode uint32) error {
	tmp := name + tmpSuffix
	if err := unlinkIfThere(at, tmp); err != nil {
		return err
	}
	fd, err := openat(at, tmp, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	f := os.NewFile(uintptr(fd), tmp)
	defer f.Close()
	if _, err := f.Write(data); err != nil {
		return bare(err)
	}
	if err := unix.Fchmod(fd, mode); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return bare(err)
	}
	return unix.Renameat(at, tmp, at, name)
}

// replaceLink points a symbolic link elsewhere in one step.
func replaceLink(target string, at int, name string) error {
	if err := prepareLink(target, at, name); err != nil {
		return err
	}
	return unix.Renameat(at, name+tmpSuffix, at, name)
}

// prepareLink makes the link that a later rename puts into place, so that it
// can be flushed before.
func prepareLink(target string, at int, name string) error {
	if err := unlinkIfThere(at, name+tmpSuffix); err != nil {
		return err
	}
	return unix.Symlinkat(target, at, name+tmpSuffix)
}

// swapLink puts a prepared link into the place of the present one, which gets
// its name and is for the cleanup to remove. A rename over it would free its
// inode, and of the blocks that say so the disk may write that of the inode
// first: a boot loader, which does not read the journal, would be led by the
// old directory to a link that is no more.
func swapLink(at int, name string) error {
	err := exchangeNames(at, name+tmpSuffix, name)
	switch err {
	case unix.ENOENT, unix.EINVAL, unix.ENOSYS, unix.EOPNOTSUPP:
		return unix.Renameat(at, name+tmpSuffix, at, name)
	}
	return err
}

func unlinkIfThere(at int, name string) error {
	if err := unix.Unlinkat(at, name, 0); err != nil && !missing(err) {
		return err
	}
	return nil
}

func syncFile(at int, name string) error {
	f, err := openFile(at, name)
	if err != nil {
		return err
	}
	defer f.Close()
	return syncDir(int(f.Fd()))
}

func syncDir(fd int) error {
	return retry(func() error { return unix.Fsync(fd) })
}
