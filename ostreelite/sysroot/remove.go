package sysroot

import (
	"golang.org/x/sys/unix"
)

// removeAll removes a file or a directory with everything below it. It never
// follows a symbolic link; what is not there is no error.
func removeAll(at int, name string) error {
	err := unix.Unlinkat(at, name, 0)
	switch err {
	case nil, unix.ENOENT:
		return nil
	case unix.EISDIR, unix.EPERM, unix.EACCES:
	default:
		return err
	}
	// Unlinking a directory is EISDIR on Linux; EPERM and EACCES come also
	// from a file that may not be removed.
	st, serr := lstat(at, name)
	if serr != nil {
		return serr
	}
	if !isDir(&st) {
		return err
	}
	if err := emptyDir(at, name); err != nil {
		return err
	}
	err = unix.Unlinkat(at, name, unix.AT_REMOVEDIR)
	if missing(err) {
		return nil
	}
	return err
}

func emptyDir(at int, name string) error {
	dir, err := openDir(at, name)
	if err == unix.EACCES {
		// Without root's rights a directory of mode 0 keeps even its owner out.
		if err := unix.Fchmodat(at, name, 0o700, 0); err != nil {
			return err
		}
		dir, err = openDir(at, name)
	}
	if missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	names, err := listDir(dir)
	if err != nil {
		return err
	}
	writable := false
	for _, child := range names {
		err := removeAll(dir, child)
		if err == unix.EACCES && !writable {
			if err := unix.Fchmod(dir, 0o700); err != nil {
				return err
			}
			writable = true
			err = removeAll(dir, child)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
