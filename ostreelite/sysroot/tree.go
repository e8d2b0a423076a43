package sysroot

import (
	"context"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/repo"
)

// makeTree makes the directory of a new deployment, up to everything but its
// place in the list, and says what room there is for its kernel. Nothing refers
// to it meanwhile: what a cut leaves of it, the next cleanup removes.
func (s *Sysroot) makeTree(ctx context.Context, d *Deployment, merge *Deployment) (room bootSpace, err error) {
	if err := s.checkSysrootSpace(ctx, d.Commit); err != nil {
		return 0, err
	}
	if err := s.checkOut(ctx, *d); err != nil {
		return 0, err
	}
	tree, err := s.openTree(*d)
	if err != nil {
		return 0, err
	}
	defer unix.Close(tree)
	kernel, err := findKernel(ctx, tree)
	if err != nil {
		return 0, err
	}
	defer kernel.close()
	if err := kernel.addExtra(tree); err != nil {
		return 0, err
	}
	d.BootChecksum = kernel.bootChecksum
	if err := s.inspectTree(tree, *d); err != nil {
		return 0, err
	}
	next := withNew(s.deployments, *d, s.booted, merge)
	if room, err = s.checkBootSpace(kernel, next); err != nil {
		return 0, err
	}
	if err := s.makeEtc(ctx, tree, merge); err != nil {
		return 0, err
	}
	if err := s.requireUpdate(tree, *d); err != nil {
		return 0, err
	}
	if err := s.writeOrigin(*d); err != nil {
		return 0, err
	}
	if err := setImmutable(tree, true); err != nil {
		return 0, fmt.Errorf("make %s immutable: %w", d.Path(), err)
	}
	return room, nil
}

func (s *Sysroot) checkOut(ctx context.Context, d Deployment) error {
	dir, err := openDir(s.deploy, d.OS+"/deploy")
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	// An object must not be pruned between its look-up and its link.
	unlock, err := s.repo.Lock(ctx, repo.Shared)
	if err != nil {
		return err
	}
	defer unlock()
	return s.repo.Checkout(ctx, repo.CheckoutOptions{
		Commit: d.Commit, Dir: dir, Name: d.Name(),
		User: os.Geteuid() != 0 && s.repo.Mode() == repo.BareUser,
	})
}

// inspectTree refuses trees that could not be booted or need more than this
// package does, before anything outside of them changes.
func (s *Sysroot) inspectTree(tree int, d Deployment) error {
	selinux, err := hasSELinuxPolicy(tree)
	if err != nil {
		return err
	}
	if selinux {
		return fmt.Errorf("%w: the tree has an SELinux policy, and labelling /etc is not done", ErrUnsupported)
	}
	if _, err := readOSName(tree); err != nil {
		return err
	}
	entries, err := openDir(tree, "var")
	if err != nil {
		return nil
	}
	defer unix.Close(entries)
	names, err := listDir(entries)
	if err != nil {
		return err
	}
	for _, name := range names {
		s.log.Warn("the tree has content in /var, which is not used", "commit", d.Commit.String(), "name", name)
	}
	return nil
}

// requireUpdate removes the stamps that keep services with
// ConditionNeedsUpdate= (systemd.unit(5)) from running after an update. It also
// writes the one that says that /var has its SELinux labels, which for a tree
// without a policy libostree does too.
func (s *Sysroot) requireUpdate(tree int, d Deployment) error {
	if err := unlinkIfThere(tree, "etc/.updated"); err != nil && err != unix.ENOTDIR {
		return fmt.Errorf("remove etc/.updated: %w", err)
	}
	own, err := openDir(s.deploy, d.OS+"/var")
	if err != nil {
		return fmt.Errorf("open var of stateroot %s: %w", d.OS, err)
	}
	defer unix.Close(own)
	var_, err := s.openVar(d, own)
	if err != nil {
		return fmt.Errorf("open /var: %w", err)
	}
	defer unix.Close(var_)
	if err := unlinkIfThere(var_, ".updated"); err != nil {
		return fmt.Errorf("remove .updated of /var: %w", err)
	}
	const labelled = ".ostree-selabeled"
	if there(own, labelled) {
		return nil
	}
	if err := replaceFile(own, labelled, nil, 0o644); err != nil {
		return fmt.Errorf("write var/%s: %w", labelled, err)
	}
	return nil
}

// openVar opens the /var that the deployment will have: that of the running
// system if it runs from the same stateroot, since it may be a mount point.
func (s *Sysroot) openVar(d Deployment, own int) (int, error) {
	if s.bootedHere && s.booted.OS == d.OS {
		return openFollow(unix.AT_FDCWD, "/var")
	}
	return openDir(own, ".")
}

// writeOrigin writes the origin file of a deployment that has one.
func (s *Sysroot) writeOrigin(d Deployment) error {
	if d.origin == nil {
		return nil
	}
	dir, err := openDir(s.deploy, d.OS+"/deploy")
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	name := d.Name() + ".origin"
	if err := replaceFile(dir, name, d.origin.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return syncDir(dir)
}
