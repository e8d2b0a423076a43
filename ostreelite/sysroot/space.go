package sysroot

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"
)

// spareSpace is for directories, links and entries beside what is counted.
const spareSpace = 1 << 20

// checkSpace refuses, before the large copies are made, what would not fit: the
// copy of /etc beside the reserve of the repository, and the kernel in a /boot
// of its own. Everything else is hard links.
func (s *Sysroot) checkSpace(ctx context.Context, tree int, kernel *kernelLayout) error {
	etc, err := treeSize(ctx, tree, "usr/etc")
	if err != nil && !missing(err) {
		return fmt.Errorf("measure /usr/etc: %w", err)
	}
	if err := s.repo.CheckFree(etc + spareSpace); err != nil {
		return err
	}
	var boot, ostree unix.Stat_t
	if err := unix.Fstat(s.boot, &boot); err != nil {
		return err
	}
	if err := unix.Fstat(s.ostree, &ostree); err != nil {
		return err
	}
	if boot.Dev == ostree.Dev || s.bootHas(kernel.bootChecksum) {
		return nil
	}
	var fs unix.Statfs_t
	if err := unix.Fstatfs(s.boot, &fs); err != nil {
		return fmt.Errorf("free space of boot: %w", err)
	}
	if free := int64(fs.Bavail) * int64(fs.Bsize); kernel.bytes > free {
		return fmt.Errorf("%w: the kernel needs %d bytes in boot, %d are free", ErrNoSpace, kernel.bytes, free)
	}
	return nil
}

// bootHas reports whether a deployment has the kernel in /boot already.
func (s *Sysroot) bootHas(bootChecksum string) bool {
	for _, d := range s.deployments {
		if d.BootChecksum == bootChecksum {
			return true
		}
	}
	return false
}

// treeSize is the space that a copy of a directory takes, without attributes.
func treeSize(ctx context.Context, at int, path string) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	dir, err := openDir(at, path)
	if err != nil {
		return 0, err
	}
	defer unix.Close(dir)
	names, err := listDir(dir)
	if err != nil {
		return 0, err
	}
	const block = 4096
	total := int64(block)
	for _, name := range names {
		st, err := lstat(dir, name)
		if err != nil {
			return 0, err
		}
		if !isDir(&st) {
			total += (st.Size + block - 1) / block * block
			continue
		}
		n, err := treeSize(ctx, dir, name)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}
