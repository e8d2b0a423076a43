package sysroot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// errSpecial is for devices, pipes and sockets, which are not copied.
var errSpecial = errors.New("neither a regular file nor a symbolic link nor a directory")

// copyEntry copies a regular file or symbolic link with owner, mode and
// extended attributes to a name that is free. The copy gets its name at once:
// it is for directories that nothing refers to yet.
func copyEntry(srcDir int, srcName string, dstDir int, dstName string, st *unix.Stat_t) error {
	switch {
	case isLink(st):
		return copyLink(srcDir, srcName, dstDir, dstName, st)
	case isFile(st):
		return copyFile(srcDir, srcName, dstDir, dstName, copyAttributes)
	}
	return errSpecial
}

func copyLink(srcDir int, srcName string, dstDir int, dstName string, st *unix.Stat_t) error {
	target, err := readLink(srcDir, srcName)
	if err != nil {
		return err
	}
	if err := unix.Symlinkat(target, dstDir, dstName); err != nil {
		return err
	}
	have, err := lstat(dstDir, dstName)
	if err != nil {
		return err
	}
	if have.Uid != st.Uid || have.Gid != st.Gid {
		if err := unix.Fchownat(dstDir, dstName, int(st.Uid), int(st.Gid), unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return err
		}
	}
	return copyLinkXattrs(srcDir, srcName, dstDir, dstName)
}

// copyFile copies a regular file. What attributes does with the open source and
// copy is the last that happens to it.
func copyFile(srcDir int, srcName string, dstDir int, dstName string, attributes func(src, dst int) error) error {
	src, err := openFile(srcDir, srcName)
	if err != nil {
		return err
	}
	defer src.Close()
	return copyOpenFile(src, dstDir, dstName, attributes)
}

func copyOpenFile(src *os.File, dstDir int, dstName string, attributes func(src, dst int) error) error {
	fd, err := openat(dstDir, dstName, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	dst := os.NewFile(uintptr(fd), dstName)
	defer dst.Close()
	if _, err := io.Copy(dst, src); err != nil {
		return bare(err)
	}
	return attributes(int(src.Fd()), int(dst.Fd()))
}

// copyAttributes copies owner, extended attributes and mode, in the order in
// which none of them undoes another: a change of owner clears set-id bits and
// capabilities.
func copyAttributes(src, dst int) error {
	var want, have unix.Stat_t
	if err := unix.Fstat(src, &want); err != nil {
		return err
	}
	if err := unix.Fstat(dst, &have); err != nil {
		return err
	}
	if want.Uid != have.Uid || want.Gid != have.Gid {
		if err := unix.Fchown(dst, int(want.Uid), int(want.Gid)); err != nil {
			return err
		}
	}
	if err := copyXattrs(src, dst); err != nil {
		return err
	}
	return unix.Fchmod(dst, want.Mode&0o7777)
}

// copyTree copies a directory with everything in it to a name that is free.
func copyTree(ctx context.Context, srcDir int, srcName string, dstDir int, dstName string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	src, err := openDir(srcDir, srcName)
	if err != nil {
		return err
	}
	defer unix.Close(src)
	if err := unix.Mkdirat(dstDir, dstName, 0o700); err != nil {
		return err
	}
	dst, err := openDir(dstDir, dstName)
	if err != nil {
		return err
	}
	defer unix.Close(dst)
	names, err := listDir(src)
	if err != nil {
		return err
	}
	for _, name := range names {
		st, err := lstat(src, name)
		if err != nil {
			return err
		}
		if isDir(&st) {
			err = copyTree(ctx, src, name, dst, name)
		} else {
			err = copyEntry(src, name, dst, name, &st)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	// Last: a mode without write permission would keep its owner from filling it.
	return copyAttributes(src, dst)
}
