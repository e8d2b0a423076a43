package repo

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sys/unix"
)

func openDir(dirfd int, name string) (int, error) {
	return openAt(dirfd, name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
}

// openAt is openat, close-on-exec and again when interrupted.
func openAt(dirfd int, name string, flags int, mode uint32) (int, error) {
	for {
		fd, err := unix.Openat(dirfd, name, flags|unix.O_CLOEXEC, mode)
		if err != unix.EINTR {
			return fd, err
		}
	}
}

// errTooLarge says that a file is no small one.
var errTooLarge = errors.New("too large")

// readFileAt reads a small regular file; more than limit bytes are an error.
func readFileAt(dirfd int, name string, limit int64) ([]byte, error) {
	return readFile(dirfd, name, unix.O_NOFOLLOW, limit)
}

func readFile(dirfd int, name string, flags int, limit int64) ([]byte, error) {
	fd, err := openAt(dirfd, name, unix.O_RDONLY|unix.O_NONBLOCK|flags, 0)
	if err != nil {
		return nil, err
	}
	f := &rawFile{fd}
	defer f.Close()
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, err
	}
	// The size is a hint: a byte more tells whether it is right.
	var data bytes.Buffer
	data.Grow(int(min(max(st.Size, 0), limit)) + 1)
	n, err := data.ReadFrom(io.LimitReader(f, limit+1))
	if err == nil && n > limit {
		err = fmt.Errorf("%w: %s has more than %d bytes", errTooLarge, name, limit)
	}
	return data.Bytes(), err
}

// replaceFile writes a file aside and renames it over name, so that a reader or
// a power cut sees the old or the new content.
func replaceFile(dirfd int, name string, data []byte, mode uint32, durable bool) error {
	return replaceFileFrom(dirfd, dirfd, name, data, mode, durable)
}

// replaceFileFrom is replaceFile with the file that is being written in another
// directory: what a cut leaves of it is there.
func replaceFileFrom(aside, dirfd int, name string, data []byte, mode uint32, durable bool) error {
	tmp := tempName()
	fd, err := openAt(aside, tmp, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return classify(err)
	}
	err = writeAll(fd, data)
	if err == nil {
		err = unix.Fchmod(fd, mode)
	}
	if err == nil && durable {
		err = unix.Fsync(fd)
	}
	if e := unix.Close(fd); err == nil {
		err = e
	}
	if err == nil {
		err = unix.Renameat(aside, tmp, dirfd, name)
	}
	if err != nil {
		unix.Unlinkat(aside, tmp, 0)
		return classify(err)
	}
	if durable {
		return unix.Fsync(dirfd)
	}
	return nil
}

func writeAll(fd int, data []byte) error {
	for len(data) > 0 {
		n, err := unix.Write(fd, data)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}

func tempName() string { return ".tmp-" + rand.Text() }

// futimens sets the times of an open file.
func futimens(fd int, times []unix.Timespec) error {
	err := unix.UtimesNanoAt(fd, "", times, unix.AT_EMPTY_PATH)
	if err == unix.EINVAL || err == unix.ENOENT {
		// Kernels before 5.8.
		err = unix.UtimesNanoAt(unix.AT_FDCWD, fdPath(fd, ""), times, 0)
	}
	return err
}

// classify turns an errno into one of the package's error classes.
func classify(err error) error {
	switch {
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT):
		return fmt.Errorf("%w: %w", ErrNoSpace, err)
	}
	return err
}

// removeAll deletes name with all that is in it; that it is gone is fine.
func removeAll(dirfd int, name string) error {
	err := unix.Unlinkat(dirfd, name, 0)
	if err == nil || err == unix.ENOENT {
		return nil
	}
	if err != unix.EISDIR && err != unix.EPERM {
		return err
	}
	fd, err := openAt(dirfd, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	// An ordinary user cannot empty a read-only directory.
	_ = unix.Fchmod(fd, 0o700)
	names, err := listDir(fd)
	for _, child := range names {
		if err == nil {
			err = removeAll(fd, child)
		}
	}
	unix.Close(fd)
	if err != nil {
		return err
	}
	return unix.Unlinkat(dirfd, name, unix.AT_REMOVEDIR)
}
