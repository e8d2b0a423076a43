//go:build factory

package main

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// immutable is FS_IMMUTABLE_FL (linux/fs.h).
const immutable = 0x10

// removeSysroot removes a sysroot with its immutable deployments.
func removeSysroot(dir string) error {
	trees, err := filepath.Glob(filepath.Join(dir, "ostree/deploy/*/deploy/*.*"))
	if err != nil {
		return err
	}
	for _, tree := range trees {
		f, err := os.Open(tree)
		if err != nil {
			return err
		}
		// Where there are no such flags, none is set.
		if flags, err := unix.IoctlGetInt(int(f.Fd()), unix.FS_IOC_GETFLAGS); err == nil && flags&immutable != 0 {
			err = unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, flags&^immutable)
			if err != nil {
				f.Close()
				return err
			}
		}
		f.Close()
	}
	return os.RemoveAll(dir)
}

// removeSysroots removes what is below the sysroots of both sides.
func removeSysroots(work string) error {
	for _, s := range sides(work) {
		if err := removeSysroot(s.sysroot()); err != nil {
			return err
		}
	}
	return nil
}
