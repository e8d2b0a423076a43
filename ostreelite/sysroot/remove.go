package sysroot

import (
	"sync"

	"golang.org/x/sys/unix"
)

// removeHelpers is how many subdirectories are removed beside the one the walk is
// in. The work is the kernel's, and old trees are large.
const removeHelpers = 3

// removeAll removes a file or a directory with everything below it. It never
// follows a symbolic link; what is not there is no error.
func removeAll(at int, name string) error {
	r := remover{helpers: make(chan struct{}, removeHelpers)}
	return r.remove(at, name)
}

type remover struct {
	helpers chan struct{} // a token for each that is at work
}

func (r *remover) remove(at int, name string) error {
	dir, err := unlink(at, name)
	if err != nil || !dir {
		return err
	}
	return r.directory(at, name)
}

// unlink removes a file, or tells that it is a directory.
func unlink(at int, name string) (dir bool, err error) {
	err = unix.Unlinkat(at, name, 0)
	switch err {
	case nil, unix.ENOENT:
		return false, nil
	case unix.EISDIR, unix.EPERM, unix.EACCES:
	default:
		return false, err
	}
	// Unlinking a directory is EISDIR on Linux; EPERM and EACCES come also
	// from a file that may not be removed.
	st, serr := lstat(at, name)
	if serr != nil {
		return false, serr
	}
	if !isDir(&st) {
		return false, err
	}
	return true, nil
}

// directory removes a directory.
func (r *remover) directory(at int, name string) error {
	if err := r.empty(at, name); err != nil {
		return err
	}
	err := unix.Unlinkat(at, name, unix.AT_REMOVEDIR)
	if missing(err) {
		return nil
	}
	return err
}

func (r *remover) empty(at int, name string) error {
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
	var dirs []string
	for _, child := range names {
		isDir, err := unlink(dir, child)
		if err == unix.EACCES {
			if err := unix.Fchmod(dir, 0o700); err != nil {
				return err
			}
			isDir, err = unlink(dir, child)
		}
		if err != nil {
			return err
		}
		if isDir {
			dirs = append(dirs, child)
		}
	}
	err = r.directories(dir, dirs)
	if err == unix.EACCES {
		if err := unix.Fchmod(dir, 0o700); err != nil {
			return err
		}
		err = r.directories(dir, dirs)
	}
	return err
}

// directories removes subdirectories of a directory, some of them at the same
// time, and gives one of the errors.
func (r *remover) directories(at int, names []string) error {
	var running sync.WaitGroup
	errs := make([]error, len(names))
	for i, name := range names {
		select {
		case r.helpers <- struct{}{}:
			running.Go(func() {
				defer func() { <-r.helpers }()
				errs[i] = r.directory(at, name)
			})
		default:
			errs[i] = r.directory(at, name)
		}
	}
	running.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
