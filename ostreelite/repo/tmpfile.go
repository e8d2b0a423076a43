package repo

import (
	"errors"

	"golang.org/x/sys/unix"
)

// tmpfile is a file being written that has no name yet: a process that dies
// leaves nothing. Where the filesystem has no O_TMPFILE, it has a temporary name.
type tmpfile struct {
	fd    int
	dirfd int
	name  string // empty with O_TMPFILE
}

func newTmpfile(dirfd int) (tmpfile, error) {
	fd, err := openAt(dirfd, ".", unix.O_TMPFILE|unix.O_RDWR, 0o600)
	if err == nil {
		return tmpfile{fd: fd, dirfd: dirfd}, nil
	}
	// The answers of filesystems and of kernels that do not know the flag.
	if err != unix.EOPNOTSUPP && err != unix.EISDIR && err != unix.ENOENT {
		return tmpfile{}, classify(err)
	}
	return namedTmpfile(dirfd)
}

func namedTmpfile(dirfd int) (tmpfile, error) {
	name := tempName()
	fd, err := openAt(dirfd, name, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW, 0o600)
	return tmpfile{fd, dirfd, name}, classify(err)
}

// discard closes the file, which is gone unless it was given a name.
func (t *tmpfile) discard() {
	if t.fd < 0 {
		return
	}
	unix.Close(t.fd)
	t.fd = -1
	if t.name != "" {
		_ = unix.Unlinkat(t.dirfd, t.name, 0)
	}
}

// link gives the file its name. A file that has that name already stays
// (unix.EEXIST).
func (t *tmpfile) link(dirfd int, path string) error {
	if t.name != "" {
		err := unix.Linkat(t.dirfd, t.name, dirfd, path, 0)
		return classify(err)
	}
	err := unix.Linkat(t.fd, "", dirfd, path, unix.AT_EMPTY_PATH)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EPERM) {
		// Without CAP_DAC_READ_SEARCH older kernels want it by way of /proc.
		err = unix.Linkat(unix.AT_FDCWD, fdPath(t.fd, ""), dirfd, path, unix.AT_SYMLINK_FOLLOW)
	}
	return classify(err)
}
