//go:build factory

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// diskSize is that of the filesystem in the image, which is sparse, in bytes.
const diskSize = 6 << 30

// disk is where both sides work: an ext4 of their own, as devices have it. The
// filesystem of a build machine may have no journal, is shared, and remembers the
// files that the round before deleted, all of which changes what is measured.
type disk struct {
	dir   string
	image string // empty where dir is an ordinary directory
}

// openDisk makes the filesystem, or, where no image can be mounted, a directory,
// and tells the reason.
func openDisk(root string) (*disk, error) {
	d := &disk{dir: filepath.Join(root, "work"), image: filepath.Join(root, "disk.img")}
	// What a run that was killed left.
	for unix.Unmount(d.dir, unix.MNT_DETACH) == nil {
	}
	// Not to be written over: the kernel may still have it.
	if err := os.Remove(d.image); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	if err := removeSysroots(d.dir); err != nil {
		return nil, err
	}
	if err := os.RemoveAll(d.dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(d.dir, 0o755); err != nil {
		return nil, err
	}
	err := d.mount()
	if err == nil {
		fmt.Println("working on an ext4 with a journal, in", d.image)
		return d, nil
	}
	fmt.Printf("working in the directory %s, since no image can be mounted (%v)\n", d.dir, err)
	os.Remove(d.image)
	d.image = ""
	return d, nil
}

func (d *disk) mount() error {
	f, err := os.Create(d.image)
	if err != nil {
		return err
	}
	err = f.Truncate(diskSize)
	f.Close()
	if err != nil {
		return err
	}
	for _, args := range [][]string{
		{"mkfs.ext4", "-q", "-F", d.image},
		{"mount", "-o", "loop", d.image, d.dir},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", args[0], err, out)
		}
	}
	return nil
}

// settle leaves nothing to be written, by this filesystem.
func (d *disk) settle() error {
	f, err := os.Open(d.dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.Syncfs(int(f.Fd()))
}

func (d *disk) close() error {
	if d.image == "" {
		return errors.Join(removeSysroots(d.dir), os.RemoveAll(d.dir))
	}
	if err := unix.Unmount(d.dir, 0); err != nil {
		return fmt.Errorf("unmount %s: %w", d.dir, err)
	}
	return os.Remove(d.image)
}
