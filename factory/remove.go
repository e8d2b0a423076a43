//go:build factory

package factory

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// immutableFlag is FS_IMMUTABLE_FL of linux/fs.h.
const immutableFlag = 0x10

// Remove removes a factory, a device or a tree, whatever stands in the way:
// deployments that are immutable, directories nobody may write to. A path that
// is not there is no error.
func Remove(dir string) error {
	if err := MakeRemovable(dir); err != nil {
		return err
	}
	return os.RemoveAll(dir)
}

// MakeRemovable changes what would keep rm -rf from removing dir.
func MakeRemovable(dir string) error {
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		return unlockDir(path)
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("make %s removable: %w", dir, err)
	}
	return nil
}

// unlockDir is called before the directory is read.
func unlockDir(path string) error {
	if err := clearImmutable(path); err != nil {
		return err
	}
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Perm()&0o700 == 0o700 {
		return err
	}
	return os.Chmod(path, info.Mode()|0o700)
}

func clearImmutable(path string) error {
	if os.Geteuid() != 0 {
		return nil // only root can have set it
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	flags, err := unix.IoctlGetInt(int(f.Fd()), unix.FS_IOC_GETFLAGS)
	if err != nil || flags&immutableFlag == 0 {
		return nil // a file system without flags has none to clear
	}
	return unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, flags&^immutableFlag)
}
