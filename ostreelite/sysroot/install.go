package sysroot

import (
	"context"
	"fmt"
	"os"

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
		if f.isDir {
			err = installDir(ctx, f.at(l), f.source, f.at(l), f.source, dir, f.name)
		} else {
			err = installFile(f.at(l), f.source, dir, f.name)
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
	case unix.EXDEV, unix.EMLINK, unix.EPERM, unix.ENOSYS:
	default:
		return err
	}
	return copyOver(srcDir, source, dstDir, name)
}

// installDir installs the files of a directory, each as installFile does, except
// that they are copies, as libostree makes them. The source is given twice:
// as a name in a directory, and as a path below root, where its links end.
func installDir(ctx context.Context, root int, path string, srcDir int, source string, dstDir int, name string) error {
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
		switch {
		case isDir(&st):
			err = installDir(ctx, root, path+"/"+child, src, child, dst, child)
		case isLink(&st):
			err = installLink(root, path+"/"+child, src, child, dst, &st)
		default:
			err = installCopy(src, child, dst)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", child, err)
		}
	}
	if err := bootAttributes(src, dst); err != nil {
		return err
	}
	return syncDir(dst)
}

func installCopy(src int, name string, dst int) error {
	have, err := exists(dst, name)
	if err != nil || have {
		return err
	}
	return copyOver(src, name, dst, name)
}

// installLink copies a symbolic link or, where there can be none, the file that
// it leads to within root.
func installLink(root int, path string, src int, name string, dst int, st *unix.Stat_t) error {
	have, err := exists(dst, name)
	if err != nil || have {
		return err
	}
	tmp := name + tmpSuffix
	if err := unlinkIfThere(dst, tmp); err != nil {
		return err
	}
	switch err := copyLink(src, name, dst, tmp, st); err {
	case nil:
		return unix.Renameat(dst, tmp, dst, name)
	case unix.EPERM, unix.EOPNOTSUPP, unix.ENOSYS:
	default:
		return err
	}
	f, err := openInTree(root, path)
	if missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	return copyOpenOver(f, dst, name)
}

// copyOver puts a copy of a file into /boot in the place of what has its name.
func copyOver(srcDir int, source string, dstDir int, name string) error {
	f, err := openFile(srcDir, source)
	if err != nil {
		return err
	}
	defer f.Close()
	return copyOpenOver(f, dstDir, name)
}

func copyOpenOver(src *os.File, dstDir int, name string) error {
	tmp := name + tmpSuffix
	if err := unlinkIfThere(dstDir, tmp); err != nil {
		return err
	}
	err := copyOpenFile(src, dstDir, tmp, func(src, dst int) error {
		if err := bootAttributes(src, dst); err != nil {
			return err
		}
		return syncDir(dst)
	})
	if err != nil {
		return err
	}
	return unix.Renameat(dstDir, tmp, dstDir, name)
}

// bootAttributes gives a file of /boot what attributes its file system knows;
// FAT knows neither owners nor modes. Boot loaders do not ask for them.
func bootAttributes(src, dst int) error {
	err := copyAttributes(src, dst)
	if err != unix.EPERM && err != unix.EOPNOTSUPP {
		return err
	}
	var st unix.Stat_t
	if err := unix.Fstat(src, &st); err != nil {
		return err
	}
	if err := unix.Fchmod(dst, st.Mode&0o777); err != nil && err != unix.EPERM {
		return err
	}
	return nil
}
