package sysroot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"

	"golang.org/x/sys/unix"
)

// kernelLayout is what of a tree goes to /boot. dir and extra are the open
// directories in the tree that the sources are names in.
type kernelLayout struct {
	dir, extra   int
	files        []bootFile
	bootChecksum string
}

// bootRole is what an entry says about a file of /boot.
type bootRole uint8

const (
	roleKernel bootRole = iota
	roleInitramfs
	roleDeviceTree
	roleDeviceTreeDir
	roleHMAC  // read by the initramfs, not named in entries
	roleExtra // see addExtra, not named in entries
)

// bootFile is a file or directory with its names in the tree and in /boot.
type bootFile struct {
	role         bootRole
	source, name string
	isDir        bool
}

func (l *kernelLayout) find(role bootRole) (bootFile, bool) {
	for _, f := range l.files {
		if f.role == role {
			return f, true
		}
	}
	return bootFile{}, false
}

func (l *kernelLayout) close() {
	unix.Close(l.dir)
	if l.extra >= 0 {
		unix.Close(l.extra)
	}
}

// findKernel looks where libostree does (get_kernel_from_tree): in
// usr/lib/modules/VERSION first; the older usr/lib/ostree-boot and boot count
// where that has no kernel, or where only they have an initramfs. The error is
// an ErrNoKernel if there is none.
func findKernel(ctx context.Context, tree int) (*kernelLayout, error) {
	modules, err := modulesKernel(ctx, tree)
	if err != nil {
		return nil, fmt.Errorf("look for a kernel in usr/lib/modules: %w", err)
	}
	legacy, err := legacyKernel(tree)
	if err != nil {
		if modules != nil {
			modules.close()
		}
		return nil, fmt.Errorf("look for a kernel in usr/lib/ostree-boot and boot: %w", err)
	}
	switch {
	case modules == nil && legacy == nil:
		return nil, fmt.Errorf("%w: neither in usr/lib/modules nor in usr/lib/ostree-boot nor in boot", ErrNoKernel)
	case legacy == nil:
		return modules, nil
	case modules == nil:
		return legacy, nil
	}
	_, own := modules.find(roleInitramfs)
	_, other := legacy.find(roleInitramfs)
	if !own && other {
		modules.close()
		return legacy, nil
	}
	legacy.close()
	return modules, nil
}

// modulesKernel is the first version with a kernel, in the file system's order.
func modulesKernel(ctx context.Context, tree int) (*kernelLayout, error) {
	modules, err := openDir(tree, "usr/lib/modules")
	if missing(err) || err == unix.ENOTDIR || err == unix.ELOOP {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer unix.Close(modules)
	versions, err := listDir(modules)
	if err != nil {
		return nil, err
	}
	for _, version := range versions {
		dir, err := openDir(modules, version)
		if err == unix.ENOTDIR || err == unix.ELOOP {
			continue
		}
		if err != nil {
			return nil, err
		}
		st, err := lstat(dir, "vmlinuz")
		if err != nil || !isFile(&st) {
			unix.Close(dir)
			if err != nil && !missing(err) {
				return nil, err
			}
			continue
		}
		l := &kernelLayout{dir: dir, extra: -1}
		if err := l.fill(ctx, version); err != nil {
			l.close()
			return nil, fmt.Errorf("%s: %w", version, err)
		}
		return l, nil
	}
	return nil, nil
}

// fill finds what is beside the kernel and computes the boot checksum: SHA-256
// over kernel, initramfs and device trees, one after the other.
func (l *kernelLayout) fill(ctx context.Context, version string) error {
	if !validName(version) {
		return fmt.Errorf("%w: kernel version %q", ErrTree, version)
	}
	h := sha256.New()
	if there(l.dir, "aboot.img") {
		return fmt.Errorf("%w: the kernel comes as an Android boot image (aboot.img)", ErrUnsupported)
	}
	l.files = []bootFile{{role: roleKernel, source: "vmlinuz", name: "vmlinuz-" + version}}
	if _, err := l.hashFile(ctx, h, l.dir, "vmlinuz"); err != nil {
		return err
	}
	for _, name := range []string{"initramfs.img", "initramfs"} {
		found, err := l.hashFile(ctx, h, l.dir, name)
		if err != nil {
			return err
		}
		if found {
			l.files = append(l.files, bootFile{role: roleInitramfs, source: name, name: "initramfs-" + version + ".img"})
			break
		}
	}
	found, err := l.hashFile(ctx, h, l.dir, "devicetree")
	if err != nil {
		return err
	}
	if found {
		l.files = append(l.files, bootFile{role: roleDeviceTree, source: "devicetree", name: "devicetree-" + version})
	} else if st, err := lstat(l.dir, "dtb"); err == nil && isDir(&st) {
		l.files = append(l.files, bootFile{role: roleDeviceTreeDir, source: "dtb", name: "dtb", isDir: true})
		if err := l.hashDir(ctx, h, l.dir, "dtb"); err != nil {
			return err
		}
	}
	if there(l.dir, ".vmlinuz.hmac") {
		l.files = append(l.files, bootFile{role: roleHMAC, source: ".vmlinuz.hmac", name: ".vmlinuz-" + version + ".hmac"})
	}
	l.bootChecksum = hex.EncodeToString(h.Sum(nil))
	return nil
}

// hashFile adds a file's content to h and reports whether it is there.
func (l *kernelLayout) hashFile(ctx context.Context, h hash.Hash, dir int, name string) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	f, err := openFile(dir, name)
	if missing(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	_, err = io.Copy(h, f)
	return true, bare(err)
}

func (l *kernelLayout) hashDir(ctx context.Context, h hash.Hash, parent int, name string) error {
	dir, err := openDir(parent, name)
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	names, err := sortedDir(dir)
	if err != nil {
		return err
	}
	for _, child := range names {
		st, err := lstat(dir, child)
		if err != nil {
			return err
		}
		if isDir(&st) {
			err = l.hashDir(ctx, h, dir, child)
		} else {
			err = l.hashInTree(ctx, h, dir, child, &st)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", child, err)
		}
	}
	return nil
}

// hashInTree is hashFile for a device tree, which may be a link to another one
// beside it.
func (l *kernelLayout) hashInTree(ctx context.Context, h hash.Hash, dir int, name string, st *unix.Stat_t) error {
	if !isLink(st) {
		_, err := l.hashFile(ctx, h, dir, name)
		return err
	}
	f, err := openInTree(dir, name)
	if missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(h, f)
	return bare(err)
}
