package sysroot

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/repo"
)

// stagedFile is there while libostree has a deployment that it writes to the
// list at shutdown (ostree-sysroot-private.h).
const stagedFile = "/run/ostree/staged-deployment"

// change runs one change of the deployments: locked, on what is on disk then.
// An error that means a full disk is an ErrNoSpace.
func (s *Sysroot) change(ctx context.Context, do func() error) error {
	readOnly, err := s.makeWritable()
	if err != nil {
		return fmt.Errorf("sysroot %s: %w", s.opt.Path, err)
	}
	defer readOnly()
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := s.prepare(); err != nil {
		return fmt.Errorf("sysroot %s: %w", s.opt.Path, err)
	}
	if err := do(); err != nil {
		if !errors.Is(err, ErrNoSpace) && (errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT)) {
			err = fmt.Errorf("%w: %w", ErrNoSpace, err)
		}
		return fmt.Errorf("sysroot %s: %w", s.opt.Path, err)
	}
	return nil
}

func (s *Sysroot) prepare() error {
	if err := s.thawLeftover(); err != nil {
		return err
	}
	// Another process may have swapped the configuration since.
	s.settled = false
	if err := s.finishInPlace(); err != nil {
		return err
	}
	if err := s.load(); err != nil {
		return err
	}
	if s.bootedHere && there(unix.AT_FDCWD, stagedFile) {
		return fmt.Errorf("%w: libostree has staged a deployment (%s); reboot or undeploy it first", ErrUnsupported, stagedFile)
	}
	if s.opt.Booted && s.booted == nil {
		return fmt.Errorf("%w: neither the root directory nor the kernel command line leads to one of %d deployments",
			ErrNotBooted, len(s.deployments))
	}
	return nil
}

// SetDefault makes a deployment of the list the one that boots next. The order
// of the others stays. It is an ErrNoDeployment if d is not in the list.
func (s *Sysroot) SetDefault(ctx context.Context, d Deployment) error {
	return s.change(ctx, func() error {
		i := indexOf(s.deployments, d)
		if i < 0 {
			return fmt.Errorf("%w: %s", ErrNoDeployment, d.Path())
		}
		if err := s.write(ctx, withDefault(s.deployments, i)); err != nil {
			return err
		}
		s.cleanupAfter(ctx, false)
		return nil
	})
}

// SetPinned keeps a deployment from being removed by later ones, or lets it go
// again. It is an ErrNoDeployment if d is not in the list.
func (s *Sysroot) SetPinned(ctx context.Context, d Deployment, pinned bool) error {
	return s.change(ctx, func() error {
		i := indexOf(s.deployments, d)
		if i < 0 {
			return fmt.Errorf("%w: %s", ErrNoDeployment, d.Path())
		}
		d := s.deployments[i]
		if d.Pinned == pinned {
			return nil
		}
		if d.origin == nil {
			d.origin = new(repo.Keyfile)
		}
		value := "false"
		if pinned {
			value = "true"
		}
		d.origin.Set(transientGroup, transientPin, value)
		if err := s.writeOrigin(d); err != nil {
			return err
		}
		if err := s.bumpTime(); err != nil {
			return err
		}
		return s.load()
	})
}

// cleanupAfter cleans up behind a change that is in effect already: what goes
// wrong is no failure of the change, the next one cleans up again.
func (s *Sysroot) cleanupAfter(ctx context.Context, prune bool) {
	if err := s.cleanup(ctx, prune); err != nil {
		s.log.Warn("deployments changed, but cleaning up failed; it is done again next time", "error", err)
	}
}
