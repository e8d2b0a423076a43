package sysroot

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// ext4Checkpoint is EXT4_IOC_CHECKPOINT (Linux 5.15, ext4/ioctl.c): write
// everything in the journal to its place.
const ext4Checkpoint = 0x4004662b

// FIFREEZE and FITHAW of linux/fs.h, for the architectures with the generic
// encoding of ioctl numbers.
const (
	fiFreeze = 0xc0045877
	fiThaw   = 0xc0045878
)

// checkpointBoot empties the journal of the file system of /boot: boot loaders
// read the disk without it, and would see the configuration of before.
//
// ext4 is asked directly where the kernel knows how. Otherwise freezing does it,
// as libostree always does, but only for a /boot of its own: a process that
// dies while the root file system is frozen takes the system with it.
//
// Between freezing and thawing this process can only die of SIGKILL while the
// kernel freezes, which lasts as long as what is left to write after a flush.
// libostree has a second process that thaws then. A library of a program with
// many threads cannot fork one safely, and does not need to: what is frozen is
// complete on the disk, so that a reboot or power cut finds the new or the old
// configuration; nothing but writing to /boot waits; and the next Open thaws it.
func (s *Sysroot) checkpointBoot() error {
	if os.Geteuid() != 0 {
		return nil
	}
	if unix.IoctlSetPointerInt(s.boot, ext4Checkpoint, 0) == nil {
		return nil
	}
	freezable, err := s.bootFreezable()
	if err != nil {
		return fmt.Errorf("look at the file system of boot: %w", err)
	}
	if freezable {
		return freezeThaw(s.boot)
	}
	// A file system without a journal has nothing of the kind to do, and others
	// no way to be told: syncfs was done.
	return nil
}

// bootFreezable reports whether /boot is on a file system of its own that
// keeps a journal.
func (s *Sysroot) bootFreezable() (bool, error) {
	own, err := s.ownBoot()
	if err != nil || !own {
		return false, err
	}
	var boot unix.Stat_t
	if err := unix.Fstat(s.boot, &boot); err != nil {
		return false, err
	}
	root, err := rootID()
	if err != nil || uint64(boot.Dev) == root.dev {
		return false, err
	}
	var fs unix.Statfs_t
	if err := unix.Fstatfs(s.boot, &fs); err != nil {
		return false, err
	}
	return int64(fs.Type) == unix.EXT4_SUPER_MAGIC || int64(fs.Type) == unix.XFS_SUPER_MAGIC, nil
}

// freezeThaw freezes a file system and thaws it at once. Between the two calls
// nothing of this process may run that could wait for the file system, hence
// no scheduling points.
func freezeThaw(fd int) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	_, _, errno := unix.RawSyscall(unix.SYS_IOCTL, uintptr(fd), fiFreeze, 0)
	switch errno {
	case 0:
	case unix.EOPNOTSUPP, unix.ENOSYS, unix.EPERM, unix.ENOTTY, unix.EBUSY:
		return retry(func() error { return unix.Syncfs(fd) })
	default:
		return fmt.Errorf("freeze boot: %w", errno)
	}
	_, _, errno = unix.RawSyscall(unix.SYS_IOCTL, uintptr(fd), fiThaw, 0)
	if errno != 0 && errno != unix.EINVAL {
		return fmt.Errorf("thaw boot: %w", errno)
	}
	return nil
}

// thawLeftover thaws a /boot that a process left frozen which died between
// freezing and thawing: everything written there would wait for ever.
func (s *Sysroot) thawLeftover() error {
	if os.Geteuid() != 0 {
		return nil
	}
	freezable, err := s.bootFreezable()
	if err != nil || !freezable {
		return err
	}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(s.boot), fiThaw, 0)
	if errno == 0 {
		s.log.Warn("boot was left frozen by a process that died; thawed it")
	}
	return nil
}
