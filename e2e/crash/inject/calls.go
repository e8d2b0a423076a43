//go:build factory

package inject

import "golang.org/x/sys/unix"

// verdict is what the filter tells the tracer about a system call.
type verdict uint16

const (
	// counts: it changes a file system whatever its arguments.
	counts verdict = iota + 1
	// firstFile and thirdFile: it does if that argument, a descriptor, is a
	// regular file's.
	firstFile
	thirdFile
	// creates: it does if its flags say so; see openFlags.
	creates
)

// openFlags are the flags with which openat writes: O_CREAT, O_TRUNC and the
// bit of O_TMPFILE that is not O_DIRECTORY.
const openFlags = unix.O_CREAT | unix.O_TRUNC | unix.O_TMPFILE&^unix.O_DIRECTORY

// call is a system call that can write.
type call struct {
	number  uintptr
	name    string
	verdict verdict
}

// common are those of every architecture; legacy, per architecture, adds those
// that newer ones never had.
var common = []call{
	{unix.SYS_OPENAT, "openat", creates},
	{unix.SYS_WRITE, "write", firstFile},
	{unix.SYS_PWRITE64, "pwrite64", firstFile},
	{unix.SYS_WRITEV, "writev", firstFile},
	{unix.SYS_PWRITEV, "pwritev", firstFile},
	{unix.SYS_PWRITEV2, "pwritev2", firstFile},
	{unix.SYS_SENDFILE, "sendfile", firstFile},
	{unix.SYS_SPLICE, "splice", thirdFile},
	{unix.SYS_COPY_FILE_RANGE, "copy_file_range", thirdFile},
	{unix.SYS_IOCTL, "ioctl", firstFile},
	{unix.SYS_FALLOCATE, "fallocate", counts},
	{unix.SYS_FTRUNCATE, "ftruncate", counts},
	{unix.SYS_TRUNCATE, "truncate", counts},
	{unix.SYS_FSYNC, "fsync", counts},
	{unix.SYS_FDATASYNC, "fdatasync", counts},
	{unix.SYS_SYNC_FILE_RANGE, "sync_file_range", counts},
	{unix.SYS_SYNCFS, "syncfs", counts},
	{unix.SYS_SYNC, "sync", counts},
	{unix.SYS_MKDIRAT, "mkdirat", counts},
	{unix.SYS_MKNODAT, "mknodat", counts},
	{unix.SYS_LINKAT, "linkat", counts},
	{unix.SYS_SYMLINKAT, "symlinkat", counts},
	{unix.SYS_RENAMEAT, "renameat", counts},
	{unix.SYS_RENAMEAT2, "renameat2", counts},
	{unix.SYS_UNLINKAT, "unlinkat", counts},
	{unix.SYS_FCHMOD, "fchmod", counts},
	{unix.SYS_FCHMODAT, "fchmodat", counts},
	{unix.SYS_FCHMODAT2, "fchmodat2", counts},
	{unix.SYS_FCHOWN, "fchown", counts},
	{unix.SYS_FCHOWNAT, "fchownat", counts},
	{unix.SYS_SETXATTR, "setxattr", counts},
	{unix.SYS_LSETXATTR, "lsetxattr", counts},
	{unix.SYS_FSETXATTR, "fsetxattr", counts},
	{unix.SYS_REMOVEXATTR, "removexattr", counts},
	{unix.SYS_LREMOVEXATTR, "lremovexattr", counts},
	{unix.SYS_FREMOVEXATTR, "fremovexattr", counts},
	{unix.SYS_UTIMENSAT, "utimensat", counts},
}

func calls() []call { return append(common[:len(common):len(common)], legacy...) }

func nameOf(number uintptr) string {
	for _, c := range calls() {
		if c.number == number {
			return c.name
		}
	}
	return "unknown"
}
