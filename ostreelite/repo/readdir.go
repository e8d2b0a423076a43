package repo

import (
	"golang.org/x/sys/unix"
)

// readDir calls each with batches of the names in the directory open as fd,
// from its beginning. Names made or removed meanwhile may or may not be there.
func readDir(fd int, each func(names []string) error) error {
	if _, err := unix.Seek(fd, 0, 0); err != nil {
		return err
	}
	buf := make([]byte, 16<<10)
	var names []string
	for {
		n, err := unix.ReadDirent(fd, buf)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n <= 0 {
			return err
		}
		_, _, names = unix.ParseDirent(buf[:n], -1, names[:0])
		if err := each(names); err != nil {
			return err
		}
	}
}

// listDir is all the names in a directory.
func listDir(fd int) ([]string, error) {
	var all []string
	err := readDir(fd, func(names []string) error {
		all = append(all, names...)
		return nil
	})
	return all, err
}

// readDirAt is readDir of a directory by name. That it is not there is fine.
func readDirAt(dirfd int, name string, each func(fd int, names []string) error) error {
	fd, err := openAt(dirfd, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err == unix.ENOENT {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return readDir(fd, func(names []string) error { return each(fd, names) })
}
