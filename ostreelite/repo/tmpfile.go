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
	perm  uint32 // what it was made with
}

func newTmpfile(dirfd int) (tmpfile, error) { return newTmpfileMode(dirfd, 0o600) }

// newTmpfileMode makes the file with given permission bits if nobody can open it
// before it gets its name.
func newTmpfileMode(dirfd int, perm uint32) (tmpfile, error) {
	fd, err := openAt(dirfd, ".", unix.O_TMPFILE|unix.O_RDWR, perm)
	if err == nil {
		return tmpfile{fd: fd, dirfd: dirfd, perm: perm}, nil
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
	return tmpfile{fd, dirfd, name, 0o600}, classify(err)
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

// birth is how files come into being in a directory, which saves the calls that
// would change nothing: the owner, and the permission bits that a file gets if it
// asks for them. The umask and a default ACL of the directory take the others.
type birth struct{ uid, gid, perm uint32 }

func birthIn(dirfd int) (birth, error) {
	t, err := newTmpfileMode(dirfd, 0o777)
	if err != nil {
		return birth{}, err
	}
	defer t.discard()
	var st unix.Stat_t
	if err := unix.Fstat(t.fd, &st); err != nil {
		return birth{}, err
	}
	return birth{st.Uid, st.Gid, st.Mode & 0o777}, nil
}

// file makes a file that is to have the given mode in the end. It has no
// set-user-ID bit yet, and its owner may write it: an ordinary user could not give
// it user attributes otherwise.
func (b birth) file(dirfd int, mode uint32) (tmpfile, error) {
	perm := uint32(0o600)
	if mode&^b.perm == 0 && mode&0o200 != 0 {
		perm = mode
	}
	return newTmpfileMode(dirfd, perm)
}

// chown and chmod change what is not so from birth.
func (b birth) chown(t *tmpfile, uid, gid uint32) error {
	if uid == b.uid && gid == b.gid {
		return nil
	}
	return unix.Fchown(t.fd, int(uid), int(gid))
}

func (b birth) chmod(t *tmpfile, mode uint32) error {
	if mode == t.perm && mode&^b.perm == 0 {
		return nil
	}
	return unix.Fchmod(t.fd, mode)
}
