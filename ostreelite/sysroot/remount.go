package sysroot

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// keptMountFlags are the flags of statfs(2) that remounting would take away if
// they were not given again, with their names for mount(2).
var keptMountFlags = [...]struct{ have, give uintptr }{
	{unix.ST_NOSUID, unix.MS_NOSUID},
	{unix.ST_NODEV, unix.MS_NODEV},
	{unix.ST_NOEXEC, unix.MS_NOEXEC},
	{unix.ST_SYNCHRONOUS, unix.MS_SYNCHRONOUS},
	{unix.ST_MANDLOCK, unix.MS_MANDLOCK},
	{unix.ST_NOATIME, unix.MS_NOATIME},
	{unix.ST_NODIRATIME, unix.MS_NODIRATIME},
	{unix.ST_RELATIME, unix.MS_RELATIME},
}

// remount makes the mount that an open directory is on writable or read-only,
// as seen in the namespace of the calling thread. With unix.MS_BIND that is a
// matter of this mount, without also of the file system.
func remount(fd int, bind uintptr, readOnly bool) error {
	var fs unix.Statfs_t
	if err := unix.Fstatfs(fd, &fs); err != nil {
		return err
	}
	if (fs.Flags&unix.ST_RDONLY != 0) == readOnly {
		return nil
	}
	path, err := mountPoint(fd)
	if err != nil {
		return err
	}
	flags := unix.MS_REMOUNT | bind
	for _, f := range keptMountFlags {
		if uintptr(fs.Flags)&f.have != 0 {
			flags |= f.give
		}
	}
	if readOnly {
		flags |= unix.MS_RDONLY
	}
	if err := unix.Mount("", path, "", flags, ""); err != nil {
		return fmt.Errorf("remount %s: %w", path, err)
	}
	return nil
}

// mountPoint is where the mount that an open directory is on is mounted in the
// namespace of the calling thread.
func mountPoint(fd int) (string, error) {
	info, err := os.ReadFile("/proc/thread-self/fdinfo/" + strconv.Itoa(fd))
	if err != nil {
		return "", err
	}
	id, ok := mountID(string(info))
	if !ok {
		return "", fmt.Errorf("%w: the kernel does not tell the mount of a file", ErrUnsupported)
	}
	table, err := os.ReadFile("/proc/thread-self/mountinfo")
	if err != nil {
		return "", err
	}
	path, ok := findMount(string(table), id)
	if !ok {
		return "", fmt.Errorf("mount %s is not in /proc/thread-self/mountinfo", id)
	}
	return path, nil
}

// mountID reads the mount of a file from its fdinfo (proc(5)).
func mountID(info string) (string, bool) {
	for line := range strings.SplitSeq(info, "\n") {
		if id, ok := strings.CutPrefix(line, "mnt_id:"); ok {
			return strings.TrimSpace(id), true
		}
	}
	return "", false
}

// findMount reads the mount point of a mount from mountinfo (proc(5)).
func findMount(table, id string) (string, bool) {
	for line := range strings.SplitSeq(table, "\n") {
		fields := strings.SplitN(line, " ", 6)
		if len(fields) == 6 && fields[0] == id {
			return unescapeMount(fields[4]), true
		}
	}
	return "", false
}

// unescapeMount undoes the octal escapes of white space and backslashes.
func unescapeMount(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
