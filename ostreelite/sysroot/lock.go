package sysroot

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// lockPoll is how often a lock that another process holds is tried again.
const lockPoll = 100 * time.Millisecond

// lock takes /ostree/lock the way libostree does (libglnx, lock files): an open
// file description lock on a file that its holder removes at the end. It waits
// as long as Options.LockTimeout says and until ctx ends, with an ErrLocked then.
func (s *Sysroot) lock(ctx context.Context) (unlock func(), err error) {
	timeout := s.lockTimeout()
	var expired <-chan time.Time
	if timeout >= 0 {
		timer := time.NewTimer(timeout)
		defer timer.Stop()
		expired = timer.C
	}
	for waited := false; ; waited = true {
		fd, err := s.tryLock()
		switch err {
		case nil:
			return sync.OnceFunc(func() {
				// Removed while it is still locked: who waits for it notices
				// and makes a new one.
				_ = unix.Unlinkat(s.ostree, "lock", 0)
				unix.Close(fd)
			}), nil
		case unix.EAGAIN, unix.EACCES:
		default:
			return nil, fmt.Errorf("lock sysroot %s: %w", s.opt.Path, err)
		}
		if !waited {
			s.log.Info("waiting for another process that changes the deployments",
				"lock", s.pathOf("ostree/lock"), "timeout", timeout)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %s: %w", ErrLocked, s.opt.Path, ctx.Err())
		case <-expired:
			return nil, fmt.Errorf("%w: %s: another process has held ostree/lock for %s", ErrLocked, s.opt.Path, timeout)
		case <-time.After(lockPoll):
		}
	}
}

func (s *Sysroot) lockTimeout() time.Duration {
	if s.opt.LockTimeout != 0 {
		return s.opt.LockTimeout
	}
	return s.repo.Config().LockTimeout
}

// tryLock is EAGAIN or EACCES if another process holds the lock.
func (s *Sysroot) tryLock() (int, error) {
	for {
		fd, err := openat(s.ostree, "lock", unix.O_RDWR|unix.O_CREAT|unix.O_NOFOLLOW|unix.O_NOCTTY, 0o600)
		if err == unix.EACCES {
			return -1, fmt.Errorf("open ostree/lock: %w", err)
		}
		if err != nil {
			return -1, err
		}
		if err := lockWhole(fd); err != nil {
			unix.Close(fd)
			return -1, err
		}
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil {
			unix.Close(fd)
			return -1, err
		}
		if st.Nlink > 0 {
			return fd, nil
		}
		// The holder before us removed the file between our open and our lock.
		unix.Close(fd)
	}
}

func lockWhole(fd int) error {
	err := unix.FcntlFlock(uintptr(fd), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK})
	if err == unix.EINVAL {
		// Kernels before 3.15 know no open file description locks.
		return unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB)
	}
	return err
}
