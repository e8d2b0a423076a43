package sysroot

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// bootloader turns the entries of a new bootversion into what a boot loader
// reads besides or instead of them.
type bootloader interface {
	// write is called when the entries of the bootversion are complete and
	// before everything is flushed. What it writes must not take effect before
	// the link /boot/loader points to that bootversion.
	write(s *Sysroot, bootversion int) error
}

// entriesOnly is for boot loaders that read the entries themselves.
type entriesOnly struct{}

func (entriesOnly) write(*Sysroot, int) error { return nil }

// loaderFiles are the files by which libostree knows which boot loader is in
// use, in the order it asks. They are relative to the sysroot.
var loaderFiles = []struct{ loader, path string }{
	{"syslinux", "boot/syslinux/syslinux.cfg"},
	{"grub2", "boot/grub/grub.cfg"},
	{"grub2", "boot/grub2/grub.cfg"},
	{"uboot", "boot/loader/uEnv.txt"},
}

// chooseBootloader decides from sysroot.bootloader of the repository's config
// and the boot loader that was found, "" if none was.
func chooseBootloader(configured, found string) (bootloader, error) {
	switch configured {
	case "none":
		return entriesOnly{}, nil
	case "", "auto":
		if found == "" {
			return entriesOnly{}, nil
		}
		return nil, fmt.Errorf("%w: boot loader %s was found; only sysroot.bootloader=none is supported", ErrUnsupported, found)
	case "grub2", "syslinux", "uboot", "zipl", "aboot":
		return nil, fmt.Errorf("%w: sysroot.bootloader=%s, only none is supported", ErrUnsupported, configured)
	}
	return nil, fmt.Errorf("%w: sysroot.bootloader=%q is no boot loader that is known", ErrUnsupported, configured)
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
		if there(s.root, f.path) {
			return f.loader, nil
		}
	}
	efi, err := openFollow(s.root, "boot/efi/EFI")
	if missing(err) || err == unix.ENOTDIR {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer unix.Close(efi)
	vendors, err := listDir(efi)
	if err != nil {
		return "", err
	}
	for _, vendor := range vendors {
		if vendor != "BOOT" && there(efi, vendor+"/grub.cfg") {
			return "grub2", nil
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
