package atomicfile

import (
	"errors"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Error classes, matched with errors.Is.
var (
	// ErrBadName: the name is not a single path component.
	ErrBadName = errors.New("not a plain file name")
	// ErrTooLarge: the file is longer than the reader allows.
	ErrTooLarge = errors.New("file is too large")
	// ErrNotRegular: the name is a symbolic link, a directory or a device.
	ErrNotRegular = errors.New("not a regular file")
)

// nameMax is NAME_MAX of every Linux file system that matters.
const nameMax = 255

func checkName(name string) error {
	if name == "" || name == "." || name == ".." || len(name) > nameMax || strings.ContainsAny(name, "/\x00") {
		return ErrBadName
	}
	return nil
}

// display names a file in messages only; it is never opened.
func display(dir *os.File, name string) string { return dir.Name() + "/" + name }

// openat retries when a signal interrupts it, as file systems in user space let
// happen.
func openat(dir *os.File, name string, flags int, mode uint32) (int, error) {
	for {
		fd, err := unix.Openat(int(dir.Fd()), name, flags|unix.O_CLOEXEC, mode)
		if err != unix.EINTR {
			return fd, err
		}
	}
}
