package sysroot

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// Request says what to deploy.
type Request struct {
	// OS is the stateroot; "" is that of the booted deployment.
	OS string
	// Commit is deployed; it is complete in the repository.
	Commit object.Checksum
	// Refspec is what the deployment follows, for its origin; "" for none.
	Refspec string
	// KernelArgs is the kernel command line without ostree=; nil takes that
	// of the merge deployment.
	KernelArgs []string
}

// Deploy checks a commit out as a new deployment, carries the changes in /etc
// over from the merge deployment (the booted one, or else the first of the
// stateroot), and makes it the default of the next boot. Behind it stay the
// booted and the merge deployment, pinned ones, and those of other stateroots.
//
// It can be killed at any point and run again: until the boot configuration is
// swapped the old list is in effect, from then on the new one. If the merge
// deployment is the default and is what was asked for, it only cleans up.
//
// Errors: ErrNoKernel, ErrTree, ErrMerge, ErrUnsupported, ErrNoSpace,
// ErrNoStateroot, ErrNotBooted, ErrLocked, repo.ErrNotFound. The list is as it
// was then.
func (s *Sysroot) Deploy(ctx context.Context, r Request) (Deployment, error) {
	if err := checkArgs(r.KernelArgs); err != nil {
		return Deployment{}, err
	}
	origin, err := newOrigin(r.Refspec)
	if err != nil {
		return Deployment{}, err
	}
	var d Deployment
	err = s.change(ctx, func() error {
		if d, err = s.deployLocked(ctx, r, origin); err != nil {
			return fmt.Errorf("deploy %s: %w", r.Commit, err)
		}
		return nil
	})
	return d, err
}

func (s *Sysroot) deployLocked(ctx context.Context, r Request, origin *repo.Keyfile) (Deployment, error) {
	loader, err := s.bootloader()
	if err != nil {
		return Deployment{}, err
	}
	if _, ok := loader.(grub2); ok {
		if _, err := s.grubGenerator(); err != nil {
			return Deployment{}, err
		}
	}
	if r.OS == "" && s.booted != nil {
		r.OS = s.booted.OS
	}
	if err := s.checkStateroot(r.OS); err != nil {
		return Deployment{}, err
	}
	if err := s.cleanup(ctx, false); err != nil {
		return Deployment{}, err
	}
	merge := mergeDeployment(s.deployments, s.booted, r.OS)
	if merge != nil && merge.Same(s.deployments[0]) && satisfies(*merge, r) {
		s.cleanupAfter(ctx, true)
		return s.deployments[0], nil
	}
	if err := s.checkCommit(r.Commit); err != nil {
		return Deployment{}, err
	}
	d, err := s.newDeployment(r, origin, merge)
	if err != nil {
		return Deployment{}, err
	}
	if err := s.makeAndList(ctx, d, merge); err != nil {
		s.cleanupFailed(ctx)
		return Deployment{}, err
	}
	s.cleanupAfter(ctx, true)
	return s.deployments[0], nil
}

// makeAndList makes the tree of a deployment and puts it into the list.
func (s *Sysroot) makeAndList(ctx context.Context, d Deployment, merge *Deployment) error {
	room, err := s.makeTree(ctx, &d, merge)
	if err != nil {
		return err
	}
	// What this names stays in memory when the list is read again.
	booted := s.booted
	if room == bootFitsPruned {
		if err := s.pruneEarly(ctx, withNew(s.deployments, d, booted, merge)); err != nil {
			return err
		}
	}
	return s.write(ctx, withNew(s.deployments, d, booted, merge))
}

// cleanupFailed removes what a deployment that failed has made. The swap may
// have been done before the failure, so what is on disk says what is needed.
func (s *Sysroot) cleanupFailed(ctx context.Context) {
	err := s.finishInPlace()
	if err == nil {
		err = s.load()
	}
	if err == nil {
		err = s.cleanup(context.WithoutCancel(ctx), false)
	}
	if err != nil {
		s.log.Warn("cleaning up after a failed deployment failed; it is done again next time", "error", err)
	}
}

// satisfies reports whether a deployment is what a request asks for.
func satisfies(d Deployment, r Request) bool {
	return d.OS == r.OS && d.Commit == r.Commit && d.Refspec == r.Refspec &&
		(r.KernelArgs == nil || slices.Equal(d.KernelArgs, r.KernelArgs))
}

func (s *Sysroot) checkStateroot(os string) error {
	if !validName(os) {
		return fmt.Errorf("%w: %q", ErrNoStateroot, os)
	}
	fd, err := openDir(s.deploy, os+"/var")
	if missing(err) {
		return fmt.Errorf("%w: %q has no ostree/deploy/%s/var, set it up first", ErrNoStateroot, os, os)
	}
	if err != nil {
		return fmt.Errorf("open stateroot %s: %w", os, err)
	}
	return unix.Close(fd)
}

func (s *Sysroot) checkCommit(c object.Checksum) error {
	if _, err := s.repo.Commit(c); err != nil {
		return err
	}
	partial, err := s.repo.IsPartial(c)
	if err != nil {
		return err
	}
	if partial {
		return fmt.Errorf("%w: the commit was not pulled completely", repo.ErrNotFound)
	}
	return nil
}

// newDeployment names the deployment to make.
func (s *Sysroot) newDeployment(r Request, origin *repo.Keyfile, merge *Deployment) (Deployment, error) {
	d := Deployment{
		OS: r.OS, Commit: r.Commit, Refspec: r.Refspec, KernelArgs: slices.Clone(r.KernelArgs),
		Version: s.commitVersion(r.Commit),
		entry:   &bootEntry{keys: make(map[string]string)}, origin: origin,
	}
	if merge != nil && r.KernelArgs == nil {
		d.KernelArgs = merge.KernelArgs
		// With its own ostree= and init=, so that what replaces them keeps
		// their place.
		if options, ok := merge.entry.keys["options"]; ok {
			d.entry.keys["options"] = options
		}
	} else {
		d.entry.keys["options"] = joinArgs(r.KernelArgs)
	}
	dir, err := makeDirs(s.deploy, r.OS+"/deploy", 0o775)
	if err != nil {
		return Deployment{}, fmt.Errorf("make ostree/deploy/%s/deploy: %w", r.OS, err)
	}
	defer unix.Close(dir)
	names, err := listDir(dir)
	if err != nil {
		return Deployment{}, fmt.Errorf("read ostree/deploy/%s/deploy: %w", r.OS, err)
	}
	d.Serial = nextSerial(names, r.Commit)
	return d, nil
}

// nextSerial is the first serial above those of a commit's deployments.
func nextSerial(names []string, c object.Checksum) int {
	next := 0
	for _, name := range names {
		if have, serial, err := parseDeployName(name); err == nil && have == c {
			next = max(next, serial+1)
		}
	}
	return next
}
