package sysroot

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// mountView is a mount namespace of this package's own. With sysroot.readonly a
// booted system has /sysroot, and often /boot, mounted read-only, so that
// nothing but updates changes them. libostree moves its whole process into a
// namespace of its own and makes the mounts writable there. Here one thread
// does that and opens the directories: everything below them is written
// through those descriptors, which the whole process can use, while no path,
// neither of this process nor of another, becomes writable.
//
// A nil *mountView is the process's own namespace.
type mountView struct {
	calls chan func()
}

// newMountView makes a namespace with the mounts there are.
func newMountView() (*mountView, error) {
	v := &mountView{calls: make(chan func())}
	ready := make(chan error)
	go v.serve(ready)
	if err := <-ready; err != nil {
		return nil, err
	}
	return v, nil
}

// serve keeps the thread of the namespace, since mounts below others are only
// seen as long as the namespace lives. The thread ends with it: it is of no use
// to other goroutines.
func (v *mountView) serve(ready chan<- error) {
	runtime.LockOSThread()
	if unix.Gettid() == unix.Getpid() {
		// The first thread stands for the process, in /proc and when another
		// program asks for its namespaces. While it is held here, the next
		// goroutine gets another one.
		started := make(chan error)
		go v.serve(started)
		ready <- <-started
		runtime.UnlockOSThread()
		return
	}
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		runtime.UnlockOSThread()
		ready <- fmt.Errorf("make a mount namespace: %w", err)
		return
	}
	ready <- nil
	for call := range v.calls {
		call()
	}
}

// run runs do in the namespace. Programs that it starts live there too.
func (v *mountView) run(do func() error) error {
	if v == nil {
		return do()
	}
	done := make(chan error)
	v.calls <- func() { done <- do() }
	return <-done
}

func (v *mountView) close() {
	if v != nil {
		close(v.calls)
	}
}

// useMountView opens the sysroot in a namespace of its own where the mounts are
// writable, if it is the running system's and one of them is not. Without the
// privilege for that nothing changes, and writing will fail.
func (s *Sysroot) useMountView() error {
	if !s.opt.Booted || os.Geteuid() != 0 || !s.readOnlyMounts() {
		return nil
	}
	view, err := newMountView()
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOSYS) {
		s.log.Debug("sysroot stays read-only", "error", err)
		return nil
	}
	if err != nil {
		return err
	}
	if err := s.closeDirs(); err != nil {
		view.close()
		return err
	}
	s.mounts = view
	return view.run(func() error {
		if err := s.openDirs(); err != nil {
			return err
		}
		for _, fd := range []int{s.ostree, s.boot} {
			if err := remount(fd, unix.MS_BIND, false); err != nil {
				return fmt.Errorf("make a mount writable: %w", err)
			}
		}
		return nil
	})
}

func (s *Sysroot) readOnlyMounts() bool { return isReadOnly(s.ostree) || isReadOnly(s.boot) }

func isReadOnly(fd int) bool {
	var fs unix.Statfs_t
	return unix.Fstatfs(fd, &fs) == nil && fs.Flags&unix.ST_RDONLY != 0
}

// makeWritable makes file systems writable that are read-only as a whole and
// not only where they are mounted, as /boot may be, for as long as a change
// takes: undo makes them as they were.
func (s *Sysroot) makeWritable() (undo func(), err error) {
	var changed []int
	undo = func() {
		for _, fd := range changed {
			if err := s.mounts.run(func() error { return remount(fd, 0, true) }); err != nil {
				s.log.Warn("file system stays writable", "error", err)
			}
		}
	}
	if s.mounts == nil {
		return undo, nil
	}
	for _, fd := range []int{s.ostree, s.boot} {
		if !isReadOnly(fd) {
			continue
		}
		if err := s.mounts.run(func() error { return remount(fd, 0, false) }); err != nil {
			undo()
			return nil, fmt.Errorf("make a file system writable: %w", err)
		}
		changed = append(changed, fd)
	}
	return undo, nil
}
