package atomicfile

import (
	"fmt"
	"io"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Read returns the content of the regular file name in dir, at most limit
// bytes of it long. The error is fs.ErrNotExist when there is no such file,
// ErrTooLarge when it is longer than limit, ErrNotRegular when name is
// something else (a symbolic link is not followed), ErrBadName for a name that
// is not a single component.
func Read(dir *os.File, name string, limit int64) ([]byte, error) {
	if err := checkName(name); err != nil {
		return nil, fmt.Errorf("read %s: %w", display(dir, name), err)
	}
	defer runtime.KeepAlive(dir)
	// O_NONBLOCK: a FIFO planted at name must not hang the reader.
	fd, err := openat(dir, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err == unix.ELOOP {
		err = ErrNotRegular
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", display(dir, name), err)
	}
	f := os.NewFile(uintptr(fd), display(dir, name))
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("read %s: %w", display(dir, name), ErrNotRegular)
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("read %s: %w (%d bytes at most)", display(dir, name), ErrTooLarge, limit)
	}
	return data, nil
}

// Remove removes name from dir and syncs dir, so that the file does not come
// back after a power cut. A file that is not there is not an error.
func Remove(dir *os.File, name string) error {
	if err := checkName(name); err != nil {
		return fmt.Errorf("remove %s: %w", display(dir, name), err)
	}
	defer runtime.KeepAlive(dir)
	err := unix.Unlinkat(int(dir.Fd()), name, 0)
	if err == unix.ENOENT {
		return nil
	}
	if err == nil {
		err = dir.Sync()
	}
	if err != nil {
		return fmt.Errorf("remove %s: %w", display(dir, name), err)
	}
	return nil
}
