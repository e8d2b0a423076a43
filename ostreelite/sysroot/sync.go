package sysroot

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Whole file systems are flushed, not files: that covers every rename and link
// of a deployment at the price of one.

// flush makes everything durable that was written so far.
func (s *Sysroot) flush() error {
	start := s.opt.Now()
	for _, fd := range []int{s.ostree, s.boot} {
		if err := retry(func() error { return unix.Syncfs(fd) }); err != nil {
			return fmt.Errorf("flush file systems: %w", err)
		}
	}
	if err := s.checkpointBoot(); err != nil {
		return err
	}
	s.log.Debug("flushed file systems", "took", s.opt.Now().Sub(start))
	return nil
}

// settle makes sure that the boot configuration that is in effect has reached
// the disk, in the form in which a boot loader sees it. Nothing that an earlier
// configuration needs may be removed before.
func (s *Sysroot) settle() error {
	if s.settled {
		return nil
	}
	if err := s.finishGrubEFI(); err != nil {
		return err
	}
	for _, fd := range []int{s.ostree, s.boot} {
		if err := syncDir(fd); err != nil {
			return fmt.Errorf("flush boot configuration: %w", err)
		}
	}
	if s.loader == loaderDir {
		// FAT writes more than the directory when names in it are swapped.
		if err := retry(func() error { return unix.Syncfs(s.boot) }); err != nil {
			return fmt.Errorf("flush boot configuration: %w", err)
		}
	}
	if err := s.checkpointBoot(); err != nil {
		return err
	}
	s.settled = true
	return nil
}
