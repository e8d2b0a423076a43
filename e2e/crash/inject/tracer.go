//go:build factory

package inject

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// ownChildren (__WNOTHREAD of linux/wait.h): wait only for what this very
	// thread started or traces.
	ownChildren = 0x20000000
	// Tracing ends with the death of the program if the tracer goes first.
	traceOptions = unix.PTRACE_O_EXITKILL | unix.PTRACE_O_TRACESECCOMP | unix.PTRACE_O_TRACEEXEC |
		unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEFORK | unix.PTRACE_O_TRACEVFORK
)

// tracer follows a program with all its threads and children.
type tracer struct {
	leader  int
	killAt  int
	options bool
	threads map[int]bool // that were seen
	result  Result
	late    atomic.Bool
}

// follow returns when the last thread of the last process is gone. It waits for
// the program's process group, since the thread may have started other programs
// before it became a tracer.
func (t *tracer) follow() error {
	for {
		var status unix.WaitStatus
		tid, err := unix.Wait4(-t.leader, &status, unix.WALL|ownChildren, nil)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.ECHILD:
			return nil
		case err != nil:
			return fmt.Errorf("wait: %w", err)
		case status.Exited() || status.Signaled():
			delete(t.threads, tid)
			if tid == t.leader {
				t.result.ExitCode = status.ExitStatus()
			}
			continue
		}
		if err := t.stopped(tid, status); err != nil {
			t.kill()
			return err
		}
	}
}

// stopped deals with one stop and lets the thread go on.
func (t *tracer) stopped(tid int, status unix.WaitStatus) error {
	known := t.threads[tid]
	t.threads[tid] = true
	signal := 0
	switch {
	case !t.options:
		// The helper has been started and stands at its first instruction.
		t.options = true
		if err := unix.PtraceSetOptions(tid, traceOptions); err != nil {
			return fmt.Errorf("set options: %w", err)
		}
	case status.StopSignal() == unix.SIGTRAP && status.TrapCause() == unix.PTRACE_EVENT_SECCOMP:
		if killed, err := t.write(tid); killed || err != nil {
			return err
		}
	case status.StopSignal() == unix.SIGTRAP && status.TrapCause() > 0:
		// Something was started, or became another program.
	case status.StopSignal() == unix.SIGSTOP && !known:
		// How every new thread begins.
	default:
		signal = int(status.StopSignal())
	}
	return gone(unix.PtraceCont(tid, signal))
}

// write counts a call if it changes a file system.
func (t *tracer) write(tid int) (killed bool, err error) {
	if t.result.Killed {
		// Another thread has come this far before the signal reached it.
		return true, nil
	}
	info, err := syscallInfo(tid)
	if err != nil {
		return false, gone(err)
	}
	switch verdict(info.data) {
	case firstFile:
		if !isFile(tid, info.args[0]) {
			return false, nil
		}
	case thirdFile:
		if !isFile(tid, info.args[2]) {
			return false, nil
		}
	}
	t.result.Writes++
	if t.result.Writes != t.killAt {
		return false, nil
	}
	t.result.Killed, t.result.Call = true, nameOf(uintptr(info.number))
	t.kill()
	return true, nil
}

func (t *tracer) kill() {
	for tid := range t.threads {
		_ = unix.Kill(tid, unix.SIGKILL) // also reaches its process
	}
}

// gone forgives an error that means that the thread has died meanwhile.
func gone(err error) error {
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	return err
}

// info is struct ptrace_syscall_info of linux/ptrace.h for a stop by seccomp.
type info struct {
	op     uint8
	_      [3]uint8
	_      uint32
	_, _   uint64
	number uint64
	args   [6]uint64
	data   uint32
	_      uint32
}

func syscallInfo(tid int) (info, error) {
	var i info
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, unix.PTRACE_GET_SYSCALL_INFO, uintptr(tid),
		unsafe.Sizeof(i), uintptr(unsafe.Pointer(&i)), 0, 0)
	if errno != 0 {
		return i, fmt.Errorf("ask for the system call: %w", errno)
	}
	if i.op != unix.PTRACE_SYSCALL_INFO_SECCOMP {
		return i, fmt.Errorf("ask for the system call: kind of stop %d", i.op)
	}
	return i, nil
}

// isFile tells regular files and directories, which ioctl and fsync act upon,
// from sockets, pipes and devices.
func isFile(tid int, fd uint64) bool {
	st, err := os.Stat(fmt.Sprintf("/proc/%d/fd/%d", tid, int32(fd)))
	return err == nil && (st.Mode().IsRegular() || st.IsDir())
}
