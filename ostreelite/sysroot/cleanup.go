package sysroot

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// Cleanup removes what no deployment of the list needs: trees, kernels, links
// and entries that an interrupted change or the one before left, and objects of
// the repository that neither a ref nor a deployment reaches. It can be
// interrupted and repeated.
func (s *Sysroot) Cleanup(ctx context.Context) error {
	return s.change(ctx, func() error { return s.cleanup(ctx, true) })
}

// cleanup is Cleanup with the lock held; the repository is pruned if prune.
func (s *Sysroot) cleanup(ctx context.Context, prune bool) error {
	if err := s.settle(); err != nil {
		return err
	}
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"boot versions", s.cleanBootVersions},
		{"deployments", s.cleanTrees},
		{"kernels", s.cleanKernels},
		{"initramfs overlays", s.cleanOverlays},
		{"refs of deployments", s.writeRefs},
	} {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("clean up %s: %w", step.what, err)
		}
	}
	if !prune {
		return nil
	}
	var keep []object.Checksum
	for _, d := range s.deployments {
		keep = append(keep, d.Commit)
	}
	if _, err := s.repo.Prune(ctx, keep...); err != nil {
		return fmt.Errorf("clean up repository: %w", err)
	}
	return nil
}

// cleanBootVersions removes the three of four boot versions that are not in
// effect, and links that were to be swapped in.
func (s *Sysroot) cleanBootVersions(context.Context) error {
	v, sub := s.bootVersion, s.subBootVersion
	loaders := []string{loaderDirName(1 - v), "loader" + tmpSuffix}
	if s.loader == loaderDir {
		loaders = append(loaders, loaderDirName(v))
	}
	for _, name := range loaders {
		if err := removeAll(s.boot, name); err != nil {
			return fmt.Errorf("boot/%s: %w", name, err)
		}
	}
	for _, name := range []string{
		bootDirName(1 - v), subBootDirName(1-v, 0), subBootDirName(1-v, 1), subBootDirName(v, 1-sub),
		bootDirName(0) + tmpSuffix, bootDirName(1) + tmpSuffix,
	} {
		if err := removeAll(s.ostree, name); err != nil {
			return fmt.Errorf("ostree/%s: %w", name, err)
		}
	}
	return nil
}

func (s *Sysroot) cleanTrees(ctx context.Context) error {
	stateroots, err := listDir(s.deploy)
	if err != nil {
		return err
	}
	for _, os := range stateroots {
		dir, err := openDir(s.deploy, os+"/deploy")
		if missing(err) || err == unix.ENOTDIR || err == unix.ELOOP {
			continue
		}
		if err != nil {
			return err
		}
		err = s.cleanStateroot(ctx, dir, os)
		unix.Close(dir)
		if err != nil {
			return fmt.Errorf("stateroot %s: %w", os, err)
		}
	}
	return nil
}

func (s *Sysroot) cleanStateroot(ctx context.Context, dir int, os string) error {
	names, err := listDir(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		written, unfinished := strings.CutSuffix(name, ".origin"+tmpSuffix)
		commit, serial, err := parseDeployName(strings.TrimSuffix(written, ".origin"))
		if err != nil {
			continue
		}
		if unfinished {
			if err := unlinkIfThere(dir, name); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		d := Deployment{OS: os, Commit: commit, Serial: serial}
		if indexOf(s.deployments, d) >= 0 {
			continue
		}
		if err := s.removeTree(dir, d); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// removeTree removes a deployment's directory and origin from the open
// directory of its stateroot. The running one stays whatever the list says.
func (s *Sysroot) removeTree(dir int, d Deployment) error {
	root, err := rootID()
	if err != nil {
		return err
	}
	tree, err := openDir(dir, d.Name())
	if missing(err) {
		return unlinkIfThere(dir, d.Name()+".origin")
	}
	if err != nil {
		return err
	}
	defer unix.Close(tree)
	var st unix.Stat_t
	if err := unix.Fstat(tree, &st); err != nil {
		return err
	}
	if idOf(&st) == root {
		s.log.Warn("running deployment is not in the list, it stays", "deployment", d.Path())
		return nil
	}
	if err := setImmutable(tree, false); err != nil {
		return err
	}
	if err := unlinkIfThere(dir, d.Name()+".origin"); err != nil {
		return err
	}
	s.log.Info("removing old deployment", "deployment", d.Path())
	return removeAll(dir, d.Name())
}

// cleanKernels removes the directories named OS-BOOTCSUM of boot/ostree whose
// boot checksum no deployment has.
func (s *Sysroot) cleanKernels(context.Context) error {
	dir, err := openDir(s.boot, "ostree")
	if missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	names, err := listDir(dir)
	if err != nil {
		return err
	}
	active := make(map[string]bool)
	for _, d := range s.deployments {
		active[d.BootChecksum] = true
	}
	for _, name := range names {
		sum := name[strings.LastIndexByte(name, '-')+1:]
		if _, err := object.ParseChecksum(sum); err != nil || sum == name || active[sum] {
			continue
		}
		if err := removeAll(dir, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// cleanOverlays removes additional initramfs files, which libostree can attach
// to a deployment, when no entry names them.
func (s *Sysroot) cleanOverlays(context.Context) error {
	dir, err := openDir(s.boot, "ostree/initramfs-overlays")
	if missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	names, err := listDir(dir)
	if err != nil {
		return err
	}
	active := make(map[string]bool)
	for _, d := range s.deployments {
		for _, path := range d.entry.overlays {
			_, name := splitPath(path)
			active[name] = true
		}
	}
	for _, name := range names {
		st, err := lstat(dir, name)
		if err != nil {
			return err
		}
		if isFile(&st) && !active[name] {
			if err := unlinkIfThere(dir, name); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}
