package sysroot

import "golang.org/x/sys/unix"

// immutableFlag is FS_IMMUTABLE_FL of linux/fs.h.
const immutableFlag = 0x10

// setImmutable sets or clears the flag that protects the root directory of a
// deployment. It is a precaution: not every file system and user can.
func setImmutable(fd int, on bool) error {
	flags, err := unix.IoctlGetUint32(fd, unix.FS_IOC_GETFLAGS)
	want := flags &^ immutableFlag
	if on {
		want = flags | immutableFlag
	}
	if err == nil && want != flags {
		err = unix.IoctlSetPointerInt(fd, unix.FS_IOC_SETFLAGS, int(want))
	}
	switch err {
	case unix.EPERM, unix.EOPNOTSUPP, unix.ENOTTY, unix.ENOSYS:
		return nil
	}
	return err
}
