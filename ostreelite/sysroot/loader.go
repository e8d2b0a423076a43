package sysroot

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// loaderLayout is how /boot says which bootversion is in effect.
//
// libostree has a link, boot/loader, to boot/loader.VERSION. File systems that
// boot firmware reads, FAT above all, know no symbolic links, and systemd-boot
// reads nothing but a directory boot/loader. For such boards libostree is
// distributed with a patch (https://github.com/ostreedev/ostree/pull/3359, in
// meta-lmp and meta-updater) to which boot/loader may be the directory itself:
// its file ostree_bootversion says "loader.VERSION", and it is exchanged with
// one that was written beside it. Unpatched libostree refuses that layout.
type loaderLayout uint8

const (
	loaderNone loaderLayout = iota // nothing is deployed
	loaderLink
	loaderDir
)

// versionFile tells, in a directory boot/loader, its bootversion.
const versionFile = "ostree_bootversion"

// readLoader reads which bootversion is in effect.
func (s *Sysroot) readLoader() (int, loaderLayout, error) {
	st, err := lstat(s.boot, "loader")
	if missing(err) {
		return 0, loaderNone, nil
	}
	if err != nil {
		return 0, 0, fmt.Errorf("look at boot/loader: %w", err)
	}
	switch {
	case isLink(&st):
		target, err := readLink(s.boot, "loader")
		if err != nil {
			return 0, 0, fmt.Errorf("read boot/loader: %w", err)
		}
		version, err := bootVersionOf(target)
		return version, loaderLink, err
	case isDir(&st):
		version, err := s.readVersionFile("loader")
		return version, loaderDir, err
	}
	return 0, 0, fmt.Errorf("%w: boot/loader is neither a symbolic link nor a directory", ErrMalformed)
}

// readVersionFile reads the bootversion of a directory of /boot. One without
// the file, as systemd-boot is installed, counts as 0.
func (s *Sysroot) readVersionFile(name string) (int, error) {
	dir, err := openDir(s.boot, name)
	if err != nil {
		return 0, err
	}
	defer unix.Close(dir)
	text, err := readFile(dir, versionFile, 64)
	if missing(err) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read boot/%s/%s: %w", name, versionFile, err)
	}
	return bootVersionOf(strings.TrimSuffix(string(text), "\n"))
}

// loaderPath is the directory of a bootversion, relative to /boot.
func (s *Sysroot) loaderPath(version int) (string, error) {
	current, layout, err := s.readLoader()
	if err != nil {
		return "", err
	}
	if layout == loaderDir && version == current {
		return "loader", nil
	}
	return loaderDirName(version), nil
}

// prepareLoader makes ready what swapLoader puts into place.
func (s *Sysroot) prepareLoader(version int) error {
	// With this link paths in entries are right whether /boot is a file system
	// of its own or not.
	switch err := unix.Symlinkat(".", s.boot, "boot"); err {
	case nil, unix.EEXIST:
	case unix.EPERM, unix.EOPNOTSUPP, unix.ENOSYS:
		if s.loader == loaderNone {
			s.loader = loaderDir
		}
	default:
		return fmt.Errorf("make boot/boot: %w", err)
	}
	if s.loader == loaderDir {
		return s.prepareLoaderDir(version)
	}
	if err := prepareLink(loaderDirName(version), s.boot, "loader"); err != nil {
		return fmt.Errorf("prepare boot/loader: %w", err)
	}
	return nil
}

// swapLoader puts a prepared bootversion into place, the step that decides what
// boots, after everything else was flushed.
func (s *Sysroot) swapLoader(ctx context.Context, version int) error {
	if s.loader != loaderDir {
		return s.swap(ctx, s.boot, "loader")
	}
	if err := s.aboutToSwap(ctx); err != nil {
		return err
	}
	err := s.exchange(s.boot, loaderDirName(version), "loader")
	switch {
	case missing(err):
		err = unix.Renameat(s.boot, loaderDirName(version), s.boot, "loader")
	case err == unix.EINVAL || err == unix.ENOSYS || err == unix.EOPNOTSUPP:
		return s.publishInPlace(version)
	}
	if err != nil {
		return fmt.Errorf("swap boot/loader: %w", err)
	}
	return nil
}

// exchangeNames swaps two names of a directory in one step. FAT can since
// Linux 6.0; before, it is an unix.EINVAL.
func exchangeNames(dir int, a, b string) error {
	return unix.Renameat2(dir, a, dir, b, unix.RENAME_EXCHANGE)
}

// prepareLoaderDir completes a directory that is to become boot/loader: what
// others than libostree and this package put there, such as the random seed of
// systemd-boot and entries of other systems, goes with it.
func (s *Sysroot) prepareLoaderDir(version int) error {
	name := loaderDirName(version)
	for _, sub := range []string{"", "/entries"} {
		if err := s.carryOver("loader"+sub, name+sub); err != nil {
			return fmt.Errorf("carry over files of boot/loader%s: %w", sub, err)
		}
	}
	dir, err := openDir(s.boot, name)
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	if err := replaceFile(dir, versionFile, []byte(name), 0o644); err != nil {
		return fmt.Errorf("write boot/%s/%s: %w", name, versionFile, err)
	}
	return nil
}

func (s *Sysroot) carryOver(from, to string) error {
	src, err := openDir(s.boot, from)
	if missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(src)
	dst, err := openDir(s.boot, to)
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
		if !isFile(&st) || isEntryName(name) || strings.HasSuffix(name, tmpSuffix) || there(dst, name) {
			continue
		}
		if err := installFile(src, name, dst, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
