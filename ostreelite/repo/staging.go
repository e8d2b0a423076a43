package repo

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// stagingPrefix begins the names of staging directories: "staging-", the boot
// id, "-", something random (ostree-repo.c, _ostree_repo_allocate_tmpdir). What
// another boot staged may have lost bytes in a power cut; what this boot staged
// is whole, whoever died.
const stagingPrefix = "staging-"

// staging is a directory under tmp/ of objects that are verified, but perhaps
// not yet on the disk. The lock beside it says that it is in use.
type staging struct {
	r      *Repo
	name   string
	dir    int
	lockFD int
}

func (r *Repo) ownPrefix() string { return stagingPrefix + r.bootID + "-" }

// openStaging takes over a directory that a process of this boot left, or
// makes one.
func (r *Repo) openStaging() (*staging, error) {
	names, err := listDir(r.tmp)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if strings.HasPrefix(name, r.ownPrefix()) && !strings.HasSuffix(name, lockSuffix) {
			s, err := r.lockStaging(name)
			if s != nil || err != nil {
				if s != nil {
					// Young again, for a cleanup that goes by age.
					now := unix.NsecToTimespec(time.Now().UnixNano())
					_ = unix.UtimesNanoAt(r.tmp, name, []unix.Timespec{now, now}, unix.AT_SYMLINK_NOFOLLOW)
				}
				return s, err
			}
		}
	}
	for {
		name := r.ownPrefix() + tempName()[len(".tmp-"):][:6]
		err := unix.Mkdirat(r.tmp, name, 0o775)
		if err == unix.EEXIST {
			continue
		}
		if err != nil {
			return nil, classify(err)
		}
		// Another process may have taken it over already.
		if s, err := r.lockStaging(name); s != nil || err != nil {
			return s, err
		}
	}
}

const lockSuffix = "-lock"

// lockStaging gives nil when somebody else has the directory, or it is gone.
func (r *Repo) lockStaging(name string) (*staging, error) {
	fd, err := r.lockTmp(name + lockSuffix)
	if fd < 0 || err != nil {
		return nil, err
	}
	dir, err := openAt(r.tmp, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		(&staging{r: r, name: name, dir: -1, lockFD: fd}).close()
		if err == unix.ENOENT || err == unix.ENOTDIR || err == unix.ELOOP {
			err = nil
		}
		return nil, err
	}
	return &staging{r: r, name: name, dir: dir, lockFD: fd}, nil
}

// lockTmp makes and locks a lock file under tmp/; -1 when it is locked.
func (r *Repo) lockTmp(name string) (int, error) {
	for {
		fd, err := openAt(r.tmp, name, unix.O_CREAT|unix.O_RDWR|unix.O_NOFOLLOW|unix.O_NOCTTY, 0o600)
		if err != nil {
			return -1, classify(err)
		}
		ok, err := tryLockFile(fd, Exclusive)
		if !ok || err != nil {
			unix.Close(fd)
			return -1, err
		}
		// Who had it before us may have removed it just before we locked it.
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil {
			unix.Close(fd)
			return -1, err
		}
		if st.Nlink > 0 {
			return fd, nil
		}
		unix.Close(fd)
	}
}

// close leaves the directory to whoever comes next.
func (s *staging) close() {
	if s.dir >= 0 {
		unix.Close(s.dir)
	}
	_ = unix.Unlinkat(s.r.tmp, s.name+lockSuffix, 0)
	unix.Close(s.lockFD)
}

// remove deletes the directory. The lock goes last, so nobody takes over half
// of it.
func (s *staging) remove() error {
	err := removeAll(s.r.tmp, s.name)
	s.close()
	return err
}

// cleanTmp removes staging directories of other boots that nobody holds, and
// whatever else has outlived core.tmp-expiry-secs.
func (r *Repo) cleanTmp() error {
	names, err := listDir(r.tmp)
	if err != nil {
		return err
	}
	for _, name := range names {
		var st unix.Stat_t
		err := unix.Fstatat(r.tmp, name, &st, unix.AT_SYMLINK_NOFOLLOW)
		if err == unix.ENOENT {
			continue
		}
		if err != nil {
			return err
		}
		dir := st.Mode&unix.S_IFMT == unix.S_IFDIR
		switch {
		case name == "cache" || dir && strings.HasPrefix(name, r.ownPrefix()):
		case dir && strings.HasPrefix(name, stagingPrefix):
			err = r.removeStaging(name)
		case strings.HasPrefix(name, stagingPrefix) && strings.HasSuffix(name, lockSuffix):
			err = r.removeStaleLock(name)
		case time.Since(time.Unix(st.Mtim.Unix())) > r.config.TmpExpiry:
			err = removeAll(r.tmp, name)
		}
		if err != nil {
			return fmt.Errorf("clean %s/tmp/%s: %w", r.path, name, err)
		}
	}
	return nil
}

func (r *Repo) removeStaging(name string) error {
	s, err := r.lockStaging(name)
	if s == nil || err != nil {
		return err
	}
	return s.remove()
}

// removeStaleLock removes the lock of a staging directory that is gone.
func (r *Repo) removeStaleLock(name string) error {
	ok, err := hasAt(r.tmp, strings.TrimSuffix(name, lockSuffix))
	if ok || err != nil {
		return err
	}
	fd, err := r.lockTmp(name)
	if fd < 0 || err != nil {
		return err
	}
	defer unix.Close(fd)
	err = unix.Unlinkat(r.tmp, name, 0)
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	return err
}
