package sysroot

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

const dirFlags = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC | unix.O_NONBLOCK

// retry runs a system call again that a signal interrupted.
func retry(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}

func openat(at int, name string, flags int, mode uint32) (int, error) {
	fd := -1
	err := retry(func() (err error) {
		fd, err = unix.Openat(at, name, flags|unix.O_CLOEXEC, mode)
		return err
	})
	if err != nil {
		return -1, err
	}
	return fd, nil
}

// openDir opens a directory by a path relative to at. No component of the path
// may be a symbolic link: unix.ELOOP or unix.ENOTDIR then.
func openDir(at int, path string) (int, error) {
	fd, err := openat(at, ".", dirFlags, 0)
	if err != nil {
		return -1, err
	}
	for name := range strings.SplitSeq(path, "/") {
		if name == "" || name == "." {
			continue
		}
		if name == ".." {
			unix.Close(fd)
			return -1, unix.EINVAL
		}
		next, err := openat(fd, name, dirFlags, 0)
		unix.Close(fd)
		if err != nil {
			return -1, err
		}
		fd = next
	}
	return fd, nil
}

// openFollow opens a directory through symbolic links. It is for what the
// running system itself puts in place, /ostree and /boot.
func openFollow(at int, path string) (int, error) {
	return openat(at, path, unix.O_RDONLY|unix.O_DIRECTORY, 0)
}

// makeDirs makes the directories of a relative path that are missing and opens
// the last one.
func makeDirs(at int, path string, mode uint32) (int, error) {
	fd, err := openat(at, ".", dirFlags, 0)
	if err != nil {
		return -1, err
	}
	for name := range strings.SplitSeq(path, "/") {
		if err := unix.Mkdirat(fd, name, mode); err != nil && err != unix.EEXIST {
			unix.Close(fd)
			return -1, err
		}
		next, err := openDir(fd, name)
		unix.Close(fd)
		if err != nil {
			return -1, err
		}
		fd = next
	}
	return fd, nil
}

func lstat(at int, name string) (unix.Stat_t, error) {
	var st unix.Stat_t
	err := retry(func() error { return unix.Fstatat(at, name, &st, unix.AT_SYMLINK_NOFOLLOW) })
	return st, err
}

func exists(at int, name string) (bool, error) {
	_, err := lstat(at, name)
	if err == nil {
		return true, nil
	}
	if missing(err) {
		return false, nil
	}
	return false, err
}

func missing(err error) bool { return errors.Is(err, unix.ENOENT) }

func isDir(st *unix.Stat_t) bool  { return st.Mode&unix.S_IFMT == unix.S_IFDIR }
func isFile(st *unix.Stat_t) bool { return st.Mode&unix.S_IFMT == unix.S_IFREG }
func isLink(st *unix.Stat_t) bool { return st.Mode&unix.S_IFMT == unix.S_IFLNK }

// listDir is the names in a directory in the order of the file system.
func listDir(dir int) ([]string, error) {
	fd, err := openat(dir, ".", dirFlags, 0)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "")
	defer f.Close()
	names, err := f.Readdirnames(-1)
	return names, bare(err)
}

// bare strips what package os wraps around an error number: paths that mean
// nothing since the file was opened by descriptor.
func bare(err error) error {
	var errno unix.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return err
}

func readLink(at int, name string) (string, error) {
	buf := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(at, name, buf)
	if err != nil {
		return "", err
	}
	return string(buf[:n]), nil
}

// openFile opens a regular file to read it, not through a symbolic link.
func openFile(at int, name string) (*os.File, error) {
	fd, err := openat(at, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	return regular(fd, name)
}

func regular(fd int, name string) (*os.File, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		unix.Close(fd)
		return nil, err
	}
	if !isFile(&st) {
		unix.Close(fd)
		return nil, fmt.Errorf("%s is not a regular file", name)
	}
	return os.NewFile(uintptr(fd), name), nil
}

// readFile is a small file's content; more than limit bytes is an error.
func readFile(at int, name string, limit int64) ([]byte, error) {
	f, err := openFile(at, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f, limit)
}

func readAll(f *os.File, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, bare(err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%w: %s is larger than %d bytes", ErrMalformed, f.Name(), limit)
	}
	return data, nil
}

// openInTree opens a regular file of a deployment by a path whose symbolic
// links are resolved as if the deployment were the root directory. Kernels
// without openat2 (before 5.6) get no links at all.
func openInTree(tree int, path string) (*os.File, error) {
	how := unix.OpenHow{
		Flags:   unix.O_RDONLY | unix.O_CLOEXEC | unix.O_NONBLOCK | unix.O_NOCTTY,
		Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS,
	}
	fd := -1
	err := retry(func() (err error) {
		fd, err = unix.Openat2(tree, path, &how)
		return err
	})
	switch err {
	case nil:
		return regular(fd, path)
	case unix.ENOSYS, unix.EPERM:
	default:
		return nil, err
	}
	dir, name := splitPath(path)
	parent, err := openDir(tree, dir)
	if err != nil {
		return nil, err
	}
	defer unix.Close(parent)
	return openFile(parent, name)
}

// splitPath is the directory and the name of a relative path; the directory of
// a bare name is ".".
func splitPath(path string) (dir, name string) {
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		return path[:i], path[i+1:]
	}
	return ".", path
}
