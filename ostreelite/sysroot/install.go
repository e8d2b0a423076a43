package sysroot

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"
)

// bootDir is the directory of a deployment's kernel, relative to /boot.
func bootDir(d Deployment) string { return "ostree/" + d.OS + "-" + d.BootChecksum }

// installKernel puts a deployment's kernel and what belongs to it into /boot,
// unless it is there. Every file appears there complete.
func (s *Sysroot) installKernel(ctx context.Context, d Deployment, l *kernelLayout) error {
	dir, err := makeDirs(s.boot, bootDir(d), 0o775)
	if err != nil {
		return fmt.Errorf("make boot/%s: %w", bootDir(d), err)
	}
	defer unix.Close(dir)
	for _, f := range l.files {
		if f.role == roleDeviceTreeDir {
			err = installDir(ctx, l.dir, f.source, dir, f.name)
		} else {
			err = installFile(l.dir, f.source, dir, f.name)
		}
		if err != nil {
			return fmt.Errorf("install boot/%s/%s: %w", bootDir(d), f.name, err)
		}
	}
	return syncDir(dir)
}

// installFile links a file, or copies it where it cannot be linked: on another
// file system, with too many links, or not allowed to.
func installFile(srcDir int, source string, dstDir int, name string) error {
	have, err := exists(dstDir, name)
	if err != nil || have {
		return err
	}
	switch err := unix.Linkat(srcDir, source, dstDir, name, 0); err {
	case nil:
		return nil
	case unix.EXDEV, unix.EMLINK, unix.EPERM:
	default:
		return err
	}
	tmp := name + tmpSuffix
	if err := unlinkIfThere(dstDir, tmp); err != nil {
		return err
	}
	if err := copyFile(srcDir, source, dstDir, tmp, true); err != nil {
		return err
	}
	return unix.Renameat(dstDir, tmp, dstDir, name)
}

// installDir installs the files of a directory, each as installFile does, except
// that they are copies, as libostree makes them.
func installDir(ctx context.Context, srcDir int, source string, dstDir int, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	src, err := openDir(srcDir, source)
	if err != nil {
		return err
	}
	defer unix.Close(src)
	dst, err := makeDirs(dstDir, name, 0o700)
	if err != nil {
		return err
	}
	defer unix.Close(dst)
	names, err := sortedDir(src)
	if err != nil {
		return err
	}
	for _, child := range names {
		st, err := lstat(src, child)
		if err != nil {
			return err
		}
		if isDir(&st) {
			err = installDir(ctx, src, child, dst, child)
		} else {
			err = installCopy(src, child, dst, &st)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", child, err)
		}
	}
	if err := copyAttributes(src, dst); err != nil {
		return err
	}
	return syncDir(dst)
}

func installCopy(src int, name string, dst int, st *unix.Stat_t) error {
	have, err := exists(dst, name)
	if err != nil || have {
		return err
	}
	tmp := name + tmpSuffix
	if err := unlinkIfThere(dst, tmp); err != nil {
		return err
	}
	if isFile(st) {
		err = copyFile(src, name, dst, tmp, true)
	} else {
		err = copyEntry(src, name, dst, tmp, st)
	}
	if err != nil {
		return err
	}
	return unix.Renameat(dst, tmp, dst, name)
}
