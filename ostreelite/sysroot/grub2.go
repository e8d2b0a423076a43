package sysroot

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// grub2 is for systems whose GRUB reads a configuration file that a program of
// the system generates from the entries (ostree-bootloader-grub2.c).
type grub2 struct {
	// efi: GRUB reads the file on the EFI system partition, not the one that
	// boot/loader leads to.
	efi bool
}

const (
	grubFile = "grub.cfg"
	grubNew  = grubFile + ".new"
	grubOld  = grubFile + ".old"
	efiPath  = "efi/EFI"
)

// mkconfigs are where systems have GRUB's own generator. Its hook
// /etc/grub.d/15_ostree adds the entries, and needs the command ostree. Without
// it, libostree's own generator writes the whole file.
var (
	mkconfigs  = [...]string{"/usr/sbin/grub-mkconfig", "/usr/sbin/grub2-mkconfig"}
	generators = [...]string{"/usr/lib/ostree/ostree-grub-generator", "/usr/libexec/libostree/ostree-grub-generator"}
)

const mkconfigHook = "/etc/grub.d/15_ostree"

// grubGenerator chooses the program that writes grub.cfg.
func (s *Sysroot) grubGenerator() (string, error) {
	if s.opt.GrubGenerator != "" {
		return s.opt.GrubGenerator, nil
	}
	// GRUB's looks at the running system, so it is right for that only.
	if s.bootedHere && there(unix.AT_FDCWD, mkconfigHook) {
		for _, path := range mkconfigs {
			if there(unix.AT_FDCWD, path) {
				return path, nil
			}
		}
	}
	for _, path := range generators {
		if there(unix.AT_FDCWD, path) {
			return path, nil
		}
	}
	return "", fmt.Errorf("%w: GRUB is the boot loader, but there is neither %s with %s nor %s to write its configuration",
		ErrUnsupported, mkconfigs[0], mkconfigHook, generators[0])
}

func (g grub2) stage(ctx context.Context, s *Sysroot, l *stagedLoader) error {
	program, err := s.grubGenerator()
	if err != nil {
		return err
	}
	path := s.pathOf("boot/" + loaderDirName(l.version) + "/" + grubFile)
	if err := s.generateGrub(ctx, program, path, l.version, g.efi); err != nil {
		return err
	}
	text, err := readFile(l.dir, grubFile, maxLoaderFile)
	if err != nil {
		return fmt.Errorf("read what %s wrote: %w", program, err)
	}
	// A generator without the hook for OSTree is content with what it finds.
	if !namesVersion(text, l.version) {
		return fmt.Errorf("%w: %s wrote a configuration without the new boot loader entries", ErrUnsupported, program)
	}
	if !g.efi {
		return syncFile(l.dir, grubFile)
	}
	if err := s.stageGrubEFI(text); err != nil {
		return err
	}
	// It was here only because generators look for the entries beside it.
	return unlinkIfThere(l.dir, grubFile)
}

// generateGrub runs a generator with the arguments and environment that
// libostree gives it.
func (s *Sysroot) generateGrub(ctx context.Context, program, path string, version int, efi bool) error {
	cmd := exec.CommandContext(ctx, program, "-o", path)
	cmd.Env = append(os.Environ(), "_OSTREE_GRUB2_BOOTVERSION="+strconv.Itoa(version))
	if efi {
		cmd.Env = append(cmd.Env, "_OSTREE_GRUB2_IS_EFI=1")
	}
	var out []byte
	err := s.mounts.run(func() (err error) {
		out, err = cmd.CombinedOutput()
		return err
	})
	if err != nil {
		return fmt.Errorf("run %s: %w: %s", program, err, lastLine(out))
	}
	return nil
}

func lastLine(out []byte) string {
	out = bytes.TrimSpace(out)
	line := string(out[bytes.LastIndexByte(out, '\n')+1:])
	return strings.ToValidUTF8(line[:min(len(line), 200)], "?")
}

// namesVersion reports whether a configuration boots deployments through the
// links of a bootversion.
func namesVersion(config []byte, version int) bool {
	return bytes.Contains(config, []byte("ostree=/ostree/"+bootDirName(version)+"/"))
}

// openGrubEFI opens the directory with GRUB's configuration on the EFI system
// partition, -1 if there is none: that of a vendor, not the fall-back BOOT.
func (s *Sysroot) openGrubEFI() (int, error) {
	efi, err := openFollow(s.boot, efiPath)
	if missing(err) || err == unix.ENOTDIR {
		return -1, nil
	}
	if err != nil {
		return -1, fmt.Errorf("open boot/%s: %w", efiPath, err)
	}
	defer unix.Close(efi)
	vendors, err := listDir(efi)
	if err != nil {
		return -1, fmt.Errorf("read boot/%s: %w", efiPath, err)
	}
	for _, vendor := range vendors {
		if vendor == "BOOT" || !there(efi, vendor+"/"+grubFile) {
			continue
		}
		if dir, err := openDir(efi, vendor); err == nil {
			return dir, nil
		}
	}
	return -1, nil
}

// stageGrubEFI puts the configuration beside the one in effect. It cannot take
// effect in one step with boot/loader, being on another file system: settle
// puts it into place after that, see finishGrubEFI.
func (s *Sysroot) stageGrubEFI(text []byte) error {
	dir, err := s.openGrubEFI()
	if err == nil && dir < 0 {
		err = unix.ENOENT
	}
	if err != nil {
		return fmt.Errorf("write boot/%s/*/%s: %w", efiPath, grubNew, err)
	}
	defer unix.Close(dir)
	s.settled = false
	if err := replaceFile(dir, grubNew, text, 0o644); err != nil {
		return fmt.Errorf("write boot/%s/*/%s: %w", efiPath, grubNew, err)
	}
	return syncDir(dir)
}

// finishGrubEFI gives GRUB on EFI the configuration of the bootversion that
// boot/loader leads to, if it was left staged. Until then GRUB boots what it
// booted before, through links and kernels that nobody removed.
func (s *Sysroot) finishGrubEFI() error {
	version, _, err := s.readLoader()
	if err != nil {
		return err
	}
	dir, err := s.openGrubEFI()
	if err != nil || dir < 0 {
		return err
	}
	defer unix.Close(dir)
	staged, err := readFile(dir, grubNew, maxLoaderFile)
	if missing(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read boot/%s/*/%s: %w", efiPath, grubNew, err)
	}
	if !namesVersion(staged, version) {
		if namesVersion(staged, 1-version) {
			// Of a change that was not made.
			return unlinkIfThere(dir, grubNew)
		}
		return nil
	}
	current, err := readFile(dir, grubFile, maxLoaderFile)
	if err != nil {
		return fmt.Errorf("read boot/%s/*/%s: %w", efiPath, grubFile, err)
	}
	if err := replaceFile(dir, grubOld, current, 0o644); err != nil {
		return fmt.Errorf("keep boot/%s/*/%s: %w", efiPath, grubFile, err)
	}
	if err := unix.Renameat(dir, grubNew, dir, grubFile); err != nil {
		return fmt.Errorf("replace boot/%s/*/%s: %w", efiPath, grubFile, err)
	}
	// The whole file system: flushing a directory is not enough on FAT.
	return retry(func() error { return unix.Syncfs(dir) })
}

// pathOf is a path in the sysroot for another program.
func (s *Sysroot) pathOf(path string) string {
	return strings.TrimSuffix(s.opt.Path, "/") + "/" + path
}
