package repo

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// LockKind is how a repository is locked.
type LockKind int

// Shared is for writing objects, and for reading them where they must not go
// away meanwhile. Exclusive is for deleting objects.
const (
	Shared LockKind = iota + 1
	Exclusive
)

// lockState counts the holders of the lock within this Repo. As in libostree
// the lock belongs to the Repo: who holds it may take it again, and the
// strongest kind that is held counts (ostree-repo.c, "Repository locking").
type lockState struct {
	mu                sync.Mutex
	fd                int
	open              bool
	shared, exclusive int
}

// Lock locks the repository against other processes, and other Repos in this
// one, waiting as long as core.lock-timeout-secs and ctx say. Within one Repo
// locks nest. unlock must be called once. The kernel drops the locks of a
// process that dies. Where the repository cannot be written, a Shared lock is
// not needed and not taken. The error is an ErrLocked, or ctx's.
func (r *Repo) Lock(ctx context.Context, kind LockKind) (unlock func(), err error) {
	if !r.config.Locking {
		return func() {}, nil
	}
	deadline := time.Now().Add(r.config.LockTimeout)
	for wait := time.Millisecond; ; wait = min(2*wait, 200*time.Millisecond) {
		ok, err := r.tryLock(kind)
		if err != nil {
			if kind == Shared && (err == unix.EROFS || err == unix.EACCES) {
				return func() {}, nil
			}
			return nil, fmt.Errorf("lock repository %s: %w", r.path, err)
		}
		if ok {
			return sync.OnceFunc(func() { r.unlock(kind) }), nil
		}
		if r.config.LockTimeout >= 0 && time.Now().After(deadline) {
			return nil, fmt.Errorf("%w: %s: another process has held the lock for %s",
				ErrLocked, r.path, r.config.LockTimeout)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("lock repository %s: %w", r.path, ctx.Err())
		case <-time.After(wait):
		}
	}
}

func (r *Repo) tryLock(kind LockKind) (bool, error) {
	l := &r.lock
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.open {
		fd, err := openAt(r.dir, ".lock", unix.O_CREAT|unix.O_RDWR|unix.O_NOFOLLOW, 0o660)
		if err != nil {
			return false, err
		}
		l.fd, l.open = fd, true
	}
	need := l.exclusive == 0 && (kind == Exclusive || l.shared == 0)
	if need {
		if ok, err := tryLockFile(l.fd, kind); !ok || err != nil {
			return false, err
		}
	}
	if kind == Exclusive {
		l.exclusive++
	} else {
		l.shared++
	}
	return true, nil
}

func (r *Repo) unlock(kind LockKind) {
	l := &r.lock
	l.mu.Lock()
	defer l.mu.Unlock()
	if kind == Exclusive {
		l.exclusive--
	} else {
		l.shared--
	}
	switch {
	case !l.open || l.exclusive > 0:
	case l.shared == 0:
		unlockFile(l.fd)
	case kind == Exclusive:
		// A holder of a stronger lock can always weaken it.
		_, _ = tryLockFile(l.fd, Shared)
	}
}

func (l *lockState) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open {
		unix.Close(l.fd)
		l.open = false
	}
}

// tryLockFile locks the open file as libostree and libglnx do: an open file
// description lock, flock where the kernel has none.
func tryLockFile(fd int, kind LockKind) (bool, error) {
	lock := unix.Flock_t{Type: unix.F_RDLCK}
	how := unix.LOCK_SH
	if kind == Exclusive {
		lock.Type, how = unix.F_WRLCK, unix.LOCK_EX
	}
	err := unix.FcntlFlock(uintptr(fd), unix.F_OFD_SETLK, &lock)
	if err == unix.EINVAL {
		err = unix.Flock(fd, how|unix.LOCK_NB)
	}
	switch err {
	case nil:
		return true, nil
	case unix.EAGAIN, unix.EINTR:
		return false, nil
	}
	return false, err
}

func unlockFile(fd int) {
	if unix.FcntlFlock(uintptr(fd), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_UNLCK}) == unix.EINVAL {
		_ = unix.Flock(fd, unix.LOCK_UN)
	}
}
