// Package lockfile lets one process at a time do something, by the kernel's lock
// on a file: an owner that died, however it died, never blocks the next one.
package lockfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// DefaultPath is the lock of the C++ client (spec/cli.md, Files).
const DefaultPath = "/var/lock/aklite.lock"

// ErrHeld: another process holds the lock.
var ErrHeld = errors.New("another instance is running")

// attempts bounds how often the file may vanish between opening and locking it.
const attempts = 10

// Lock is a lock that is held.
type Lock struct{ file *os.File }

// Acquire takes the lock at path or fails at once, with ErrHeld if another
// process, or another call in this one, holds it. The file is created where it
// is missing, and so is its directory.
//
// The lock is flock(2), which is what aktualizr-lite takes, so either program
// keeps the other out. It is not inherited by programs that are started.
func Acquire(path string) (*Lock, error) {
	for range attempts {
		f, err := open(path)
		if err != nil {
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
			f.Close()
			if err == unix.EWOULDBLOCK {
				err = ErrHeld
			}
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		// aktualizr-lite removes the file when it ends. A lock on a file that
		// has no name any more keeps nobody out.
		if named(f, path) {
			return &Lock{f}, nil
		}
		f.Close()
	}
	return nil, fmt.Errorf("lock %s: the file is removed again and again", path)
}

// Release gives the lock back. The file stays: removing it would let two
// processes lock two different files of this name.
func (l *Lock) Release() error { return l.file.Close() }

// open avoids O_CREAT on a file that exists: in a sticky directory such as
// /run/lock the kernel refuses that for a file of another owner, even to root
// (fs.protected_regular).
func open(path string) (*os.File, error) {
	const flags = os.O_RDONLY | unix.O_NOFOLLOW | unix.O_NONBLOCK
	for range attempts {
		f, err := os.OpenFile(path, flags, 0)
		if !errors.Is(err, os.ErrNotExist) {
			return f, reason(err)
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return nil, err
		}
		f, err = os.OpenFile(path, flags|os.O_CREATE|os.O_EXCL, 0o600)
		if !errors.Is(err, os.ErrExist) {
			return f, reason(err)
		}
	}
	return nil, errors.New("the file comes and goes")
}

// reason is err without the path, which the caller names.
func reason(err error) error {
	if pe, ok := errors.AsType[*os.PathError](err); ok {
		return pe.Err
	}
	return err
}

// named tells whether f still is the file at path.
func named(f *os.File, path string) bool {
	a, err := f.Stat()
	if err != nil {
		return false
	}
	b, err := os.Lstat(path)
	return err == nil && os.SameFile(a, b)
}
