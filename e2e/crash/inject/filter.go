//go:build factory

package inject

import (
	"math/bits"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The offsets of struct seccomp_data (linux/seccomp.h) on little-endian
// machines: the number, and the low half of an argument.
const (
	offsetNumber = 0
	offsetArgs   = 16
)

// filter is the seccomp program: trace what can write, allow the rest. The
// tracer gets the verdict as the data of the trace.
func filter() []unix.SockFilter {
	program := []unix.SockFilter{load(offsetNumber)}
	for _, c := range calls() {
		body := []unix.SockFilter{trace(c.verdict)}
		if c.verdict == creates {
			body = []unix.SockFilter{
				load(offsetArgs + 2*8),
				{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: openFlags, Jf: 1},
				trace(counts),
				allow(),
			}
		}
		// Not this call: jump over its body.
		program = append(program, unix.SockFilter{
			Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: uint32(c.number), Jf: uint8(len(body)),
		})
		program = append(program, body...)
	}
	return append(program, allow())
}

func load(offset uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
}

func trace(v verdict) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_TRACE | uint32(v)}
}

func allow() unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW}
}

// install puts the filter on the calling thread and those it makes.
func install() error {
	if bits.UintSize != 64 {
		return unix.ENOSYS
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	program := filter()
	prog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&prog)))
	runtime.KeepAlive(program)
	if errno != 0 {
		return errno
	}
	return nil
}
