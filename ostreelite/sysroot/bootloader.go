package sysroot

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"
)

// bootloader turns the entries of a new bootversion into what a boot loader
// reads besides or instead of them.
type bootloader interface {
	// stage writes into the directory of the new bootversion, when its entries
	// are complete and before everything is flushed. What it writes must not
	// take effect before boot/loader is swapped.
	stage(ctx context.Context, s *Sysroot, l *stagedLoader) error
}

// stagedLoader is a bootversion that is being written.
type stagedLoader struct {
	version int
	dir     int // boot/loader.VERSION
	// list and entries are in boot order.
	list    []Deployment
	entries []*bootEntry
}

// entriesOnly is for boot loaders that read the entries themselves.
type entriesOnly struct{}

func (entriesOnly) stage(context.Context, *Sysroot, *stagedLoader) error { return nil }

// loaderFiles are the files by which libostree knows which boot loader is in
// use, in the order it asks (2022.7, _ostree_sysroot_query_bootloader). The
// last is not libostree's own but known where the loader directory is none of
// links, see loader.go. They are relative to the sysroot.
var loaderFiles = []struct{ loader, path string }{
	{"syslinux", "boot/syslinux/syslinux.cfg"},
	{"grub2", "boot/grub/grub.cfg"},
	{"grub2", "boot/grub2/grub.cfg"},
	{grubEFIFound, ""},
	{"uboot", "boot/loader/uEnv.txt"},
	{"systemd-boot", "boot/loader/loader.conf"},
}

// grubEFIFound is what findBootloader calls a grub2 that reads its
// configuration from the EFI system partition.
const grubEFIFound = "grub2-efi"

// chooseBootloader decides from sysroot.bootloader of the repository's config
// and the boot loader that was found, "" if none was. The error is an
// ErrUnsupported.
func chooseBootloader(configured, found string) (bootloader, error) {
	name := configured
	if configured == "" || configured == "auto" {
		name = found
	}
	switch name {
	case "", "none":
		return entriesOnly{}, nil
	case "uboot":
		return uboot{}, nil
	case "syslinux":
		return syslinux{}, nil
	case "grub2":
		return grub2{}, nil
	case grubEFIFound:
		if configured != name {
			return grub2{efi: true}, nil
		}
	case "systemd-boot":
		return systemdBoot{}, nil
	case "zipl", "aboot":
		return nil, fmt.Errorf("%w: sysroot.bootloader=%s: the supported ones are none, uboot, syslinux, grub2 and systemd-boot", ErrUnsupported, name)
	}
	return nil, fmt.Errorf("%w: sysroot.bootloader=%q is no boot loader that is known", ErrUnsupported, name)
}

// bootloader is the one of this system.
func (s *Sysroot) bootloader() (bootloader, error) {
	configured, _ := s.repo.Config().Keyfile.Get("sysroot", "bootloader")
	found := ""
	if configured == "" || configured == "auto" {
		var err error
		if found, err = s.findBootloader(); err != nil {
			return nil, fmt.Errorf("look for a boot loader: %w", err)
		}
	}
	return chooseBootloader(configured, found)
}

func (s *Sysroot) findBootloader() (string, error) {
	for _, f := range loaderFiles {
		if f.loader == grubEFIFound {
			efi, err := s.openGrubEFI()
			if err != nil {
				return "", err
			}
			if efi >= 0 {
				unix.Close(efi)
				return f.loader, nil
			}
		} else if there(s.root, f.path) {
			return f.loader, nil
		}
	}
	return "", nil
}

func there(at int, path string) bool {
	_, err := lstat(at, path)
	return err == nil
}

// bootPrefix is put before the paths in entries where boot loaders see /boot
// as a directory of the root file system (sysroot.bootprefix, ostree.repo-config(5)).
func (s *Sysroot) bootPrefix() string {
	if value, _ := s.repo.Config().Keyfile.Get("sysroot", "bootprefix"); value == "true" || value == "1" {
		return "/boot"
	}
	return ""
}
