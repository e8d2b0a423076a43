//go:build factory

package blocks

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Mount mounts the ext4 file system in a file at dir. Options are ext4's; with
// readOnly the file is not written to.
func Mount(file, dir string, readOnly bool, options string) error {
	device, loop, err := attach(file, readOnly)
	if err != nil {
		return fmt.Errorf("attach %s: %w", file, err)
	}
	defer loop.Close() // the mount keeps it
	var flags uintptr
	if readOnly {
		flags = unix.MS_RDONLY
	}
	if err := unix.Mount(device, dir, "ext4", flags, options); err != nil {
		return fmt.Errorf("mount %s at %s: %w", file, dir, err)
	}
	return nil
}

// Unmount takes back a Mount, or what Serve has mounted.
func Unmount(dir string) error {
	if err := unix.Unmount(dir, 0); err != nil {
		return fmt.Errorf("unmount %s: %w", dir, err)
	}
	return nil
}

// attach makes a file a block device that goes away with its last user.
func attach(file string, readOnly bool) (string, *os.File, error) {
	mode, flags := os.O_RDWR, uint32(unix.LO_FLAGS_AUTOCLEAR)
	if readOnly {
		mode, flags = os.O_RDONLY, flags|unix.LO_FLAGS_READ_ONLY
	}
	backing, err := os.OpenFile(file, mode, 0)
	if err != nil {
		return "", nil, err
	}
	defer backing.Close()
	control, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		return "", nil, err
	}
	defer control.Close()
	for attempt := 0; ; attempt++ {
		n, err := unix.IoctlRetInt(int(control.Fd()), unix.LOOP_CTL_GET_FREE)
		if err != nil {
			return "", nil, fmt.Errorf("find a free loop device: %w", err)
		}
		device := fmt.Sprintf("/dev/loop%d", n)
		loop, err := os.OpenFile(device, mode, 0)
		if err == nil {
			err = unix.IoctlLoopConfigure(int(loop.Fd()), &unix.LoopConfig{
				Fd: uint32(backing.Fd()), Info: unix.LoopInfo64{Flags: flags},
			})
			if err == nil {
				return device, loop, nil
			}
			loop.Close()
		}
		// Somebody else was quicker.
		if attempt == 50 {
			return "", nil, fmt.Errorf("set up %s: %w", device, err)
		}
		time.Sleep(time.Duration(attempt) * time.Millisecond)
	}
}
