package sysroot

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	bootSourceDir = "usr/lib/ostree-boot"
	// bootSourceMark in a tree asks for more than the kernel in /boot. It is
	// known to the libostree of meta-lmp, which boards with boot scripts or
	// device trees of their own use; unpatched libostree ignores it.
	bootSourceMark = bootSourceDir + "/.ostree-bootcsumdir-source"
)

// addExtra adds what else the tree wants beside its kernel in /boot. It is no
// part of the boot checksum.
func (l *kernelLayout) addExtra(tree int) error {
	if !there(tree, bootSourceMark) {
		return nil
	}
	dir, err := openDir(tree, bootSourceDir)
	if err != nil {
		return fmt.Errorf("open %s: %w", bootSourceDir, err)
	}
	l.extra = dir
	names, err := sortedDir(dir)
	if err != nil {
		return fmt.Errorf("read %s: %w", bootSourceDir, err)
	}
	for _, name := range names {
		if strings.HasPrefix(name, "vmlinuz-") || strings.HasPrefix(name, "initramfs-") ||
			bootSourceDir+"/"+name == bootSourceMark {
			continue
		}
		st, err := lstat(dir, name)
		if err != nil {
			return err
		}
		if !isFile(&st) && !isDir(&st) {
			continue
		}
		if _, have := l.named(name); !have {
			l.files = append(l.files, bootFile{role: roleExtra, source: name, name: name, isDir: isDir(&st)})
		}
	}
	return nil
}

func (l *kernelLayout) named(name string) (bootFile, bool) {
	for _, f := range l.files {
		if f.name == name {
			return f, true
		}
	}
	return bootFile{}, false
}

// at is the open directory of the tree that the file is a name in.
func (f bootFile) at(l *kernelLayout) int {
	if f.role == roleExtra {
		return l.extra
	}
	return l.dir
}

// size is the space that the files take in a file system of their own with
// blocks of that size.
func (l *kernelLayout) size(block int64) (int64, error) {
	var total int64
	for _, f := range l.files {
		n, err := spaceOf(f.at(l), f.source, block)
		if err != nil {
			return 0, fmt.Errorf("measure %s: %w", f.source, err)
		}
		total += n
	}
	return total, nil
}

// spaceOf is the space that a copy of a file or directory takes, without
// attributes. Symbolic links count as what they are.
func spaceOf(at int, name string, block int64) (int64, error) {
	st, err := lstat(at, name)
	if err != nil {
		return 0, err
	}
	if !isDir(&st) {
		return (st.Size + block - 1) / block * block, nil
	}
	dir, err := openDir(at, name)
	if err != nil {
		return 0, err
	}
	defer unix.Close(dir)
	names, err := listDir(dir)
	if err != nil {
		return 0, err
	}
	total := block
	for _, child := range names {
		n, err := spaceOf(dir, child, block)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}
