package sysroot

import (
	"context"
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

// write makes next the list of deployments. Their trees must be complete. A
// cut at any point leaves the old or the new list in effect.
func (s *Sysroot) write(ctx context.Context, next []Deployment) error {
	// The names that are written now are those of the state before the present.
	if err := s.settle(); err != nil {
		return err
	}
	assignBootSerials(next)
	var err error
	kind := swapFor(s.deployments, next)
	if kind == swapNothing {
		return nil
	}
	// What is about to be replaced may be what a boot loader still sees.
	if err := s.settle(); err != nil {
		return err
	}
	switch kind {
	case swapLinks:
		err = s.swapLinks(ctx, next)
	case swapEntries:
		err = s.swapEntries(ctx, next)
	}
	if err != nil {
		return err
	}
	if err := s.settle(); err != nil {
		return err
	}
	if err := s.bumpTime(); err != nil {
		return fmt.Errorf("touch ostree/deploy: %w", err)
	}
	if err := s.load(); err != nil {
		return fmt.Errorf("read deployments again: %w", err)
	}
	s.log.Info("boot configuration changed", "bootversion", s.bootVersion, "subbootversion", s.subBootVersion,
		"deployments", len(s.deployments), "entries", kind == swapEntries)
	return nil
}

// swapLinks puts other trees behind the entries that are in effect.
func (s *Sysroot) swapLinks(ctx context.Context, next []Deployment) error {
	sub := 1 - s.subBootVersion
	if err := s.makeLinks(s.bootVersion, sub, next); err != nil {
		return err
	}
	name := bootDirName(s.bootVersion)
	if err := prepareLink(subBootDirName(s.bootVersion, sub), s.ostree, name); err != nil {
		return fmt.Errorf("prepare ostree/%s: %w", name, err)
	}
	return s.swap(ctx, s.ostree, name)
}

// swapEntries writes entries and links of the other bootversion and makes that
// the one in effect.
func (s *Sysroot) swapEntries(ctx context.Context, next []Deployment) error {
	loader, err := s.bootloader()
	if err != nil {
		return err
	}
	version := 1 - s.bootVersion
	if err := s.stageEntries(ctx, loader, version, next); err != nil {
		return err
	}
	old, err := s.readSubBootVersion(version)
	if err != nil {
		return err
	}
	sub := 1 - old
	if err := s.makeLinks(version, sub, next); err != nil {
		return err
	}
	name := bootDirName(version)
	if err := replaceLink(subBootDirName(version, sub), s.ostree, name); err != nil {
		return fmt.Errorf("write ostree/%s: %w", name, err)
	}
	if err := s.prepareLoader(version); err != nil {
		return err
	}
	return s.swapLoader(ctx, version)
}

// swap renames the prepared link into place, the step that decides what boots,
// after everything else was flushed. From here on the state is not settled.
func (s *Sysroot) swap(ctx context.Context, dir int, name string) error {
	if err := s.aboutToSwap(ctx); err != nil {
		return err
	}
	if err := swapLink(dir, name); err != nil {
		return fmt.Errorf("swap %s: %w", name, err)
	}
	return nil
}

// aboutToSwap flushes everything. After it the state is not settled, and there
// is no turning back.
func (s *Sysroot) aboutToSwap(ctx context.Context) error {
	if err := s.flush(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.settled = false
	return nil
}

// makeLinks fills the directory of a subbootversion that is not in effect:
// OS/BOOTCSUM/N leads to a deployment.
func (s *Sysroot) makeLinks(version, sub int, list []Deployment) error {
	name := subBootDirName(version, sub)
	if err := removeAll(s.ostree, name); err != nil {
		return fmt.Errorf("remove old ostree/%s: %w", name, err)
	}
	for _, d := range list {
		path := name + "/" + d.OS + "/" + d.BootChecksum
		dir, err := makeDirs(s.ostree, path, 0o755)
		if err != nil {
			return fmt.Errorf("make ostree/%s: %w", path, err)
		}
		target := "../../../deploy/" + d.OS + "/deploy/" + d.Name()
		err = unix.Symlinkat(target, dir, strconv.Itoa(d.BootSerial))
		unix.Close(dir)
		if err != nil {
			return fmt.Errorf("make ostree/%s/%d: %w", path, d.BootSerial, err)
		}
	}
	return nil
}
