//go:build factory

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/e2e/crash/blocks"
	"github.com/sotabox/sotabox/factory"
)

// disks are the one or two file systems of a device: the root, which holds the
// whole device directory, and perhaps a /boot of its own.
type disks struct {
	dir     string // holds the images and the mount point
	ownBoot bool
}

// The sizes of blocks are what mkfs would choose for disks of real devices.
const (
	rootDisk, bootDisk   = 0, 1
	rootSize, bootSize   = 40 << 20, 12 << 20
	rootBlock, bootBlock = 4096, 1024
)

func (d disks) count() int {
	if d.ownBoot {
		return 2
	}
	return 1
}

// mountPoint is always the same, since the device's configuration names it.
func (d disks) mountPoint() string { return filepath.Join(d.dir, "root") }
func (d disks) device() string     { return filepath.Join(d.mountPoint(), "device") }
func (d disks) boot() string       { return filepath.Join(d.device(), "sysroot/boot") }

// image is the file of a disk in one of its states.
func (d disks) image(state string, disk int) string {
	return filepath.Join(d.dir, state+"-"+strconv.Itoa(disk))
}

// alone moves the calling goroutine into a mount namespace of its own for the
// rest of its life: whatever is mounted there goes away with it. File names
// mean what they mean there only in this goroutine, and in programs it starts.
func alone() error {
	runtime.LockOSThread() // never unlocked, so the thread ends with the goroutine
	if err := unix.Unshare(unix.CLONE_FS | unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("make a mount namespace: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	return nil
}

// format makes empty file systems in the images of a state.
func (d disks) format(ctx context.Context, state string) error {
	if err := os.MkdirAll(d.mountPoint(), 0o755); err != nil {
		return err
	}
	for disk := range d.count() {
		size, block := int64(rootSize), rootBlock
		if disk == bootDisk {
			size, block = bootSize, bootBlock
		}
		path := d.image(state, disk)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			return err
		}
		if err := os.Truncate(path, size); err != nil {
			return err
		}
		// Nothing but what is under test writes to the disk.
		output, err := exec.CommandContext(ctx, "mkfs.ext4", "-q", "-F", "-b", strconv.Itoa(block),
			"-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard", path).CombinedOutput()
		if err != nil {
			return fmt.Errorf("mkfs.ext4: %w: %s", err, output)
		}
	}
	return nil
}

// mount mounts the root and, on it, /boot; path names the file of a disk.
func (d disks) mount(path func(disk int) string) error {
	if err := blocks.Mount(path(rootDisk), d.mountPoint(), false, ""); err != nil {
		return err
	}
	if !d.ownBoot || !exists(d.boot()) {
		return nil
	}
	if err := blocks.Mount(path(bootDisk), d.boot(), false, ""); err != nil {
		return errors.Join(err, blocks.Unmount(d.mountPoint()))
	}
	return nil
}

func (d disks) mountState(state string) error {
	return d.mount(func(disk int) string { return d.image(state, disk) })
}

func (d disks) unmount() error {
	var err error
	if d.ownBoot {
		err = blocks.Unmount(d.boot())
	}
	return errors.Join(err, blocks.Unmount(d.mountPoint()))
}

// sync writes all file systems out.
func (d disks) sync() error {
	for _, path := range []string{d.mountPoint(), d.boot()} {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		err = unix.Syncfs(int(f.Fd()))
		f.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// provision makes a device on disks that are mounted, but for a /boot of its own.
func (d disks) provision(ctx context.Context, w *world, state string) (*factory.Device, error) {
	device, err := w.provision(ctx, d.device())
	if err != nil || !d.ownBoot {
		return device, err
	}
	aside := d.boot() + ".aside"
	if err := errors.Join(os.Rename(d.boot(), aside), os.Mkdir(d.boot(), 0o755)); err != nil {
		return nil, err
	}
	if err := blocks.Mount(d.image(state, bootDisk), d.boot(), false, ""); err != nil {
		return nil, err
	}
	if output, err := exec.CommandContext(ctx, "cp", "-a", aside+"/.", d.boot()).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("fill boot: %w: %s", err, output)
	}
	return device, os.RemoveAll(aside)
}

// bootID is where the kernel tells one boot from another.
const bootID = "/proc/sys/kernel/random/boot_id"

// newBoot makes this goroutine's programs believe that the machine was started
// anew. It is for a goroutine that is alone.
func newBoot(dir string) error {
	path := filepath.Join(dir, "boot_id")
	if exists(path) {
		return nil // one other boot is enough
	}
	if err := os.WriteFile(path, []byte("b0075b00-0000-4000-8000-000000000000\n"), 0o444); err != nil {
		return err
	}
	if err := unix.Mount(path, bootID, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("mount another boot id: %w", err)
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
