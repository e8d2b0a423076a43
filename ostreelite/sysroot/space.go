package sysroot

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// spareSpace is for directories, links and entries beside what is counted.
const spareSpace = 1 << 20

// checkSysrootSpace refuses, before anything is written, a deployment whose /etc
// does not fit beside the reserve of the repository. The rest is hard links.
func (s *Sysroot) checkSysrootSpace(ctx context.Context, c object.Checksum) error {
	e, err := s.repo.Lookup(c, "usr/etc")
	if errors.Is(err, repo.ErrNotFound) {
		return s.repo.CheckFree(spareSpace)
	}
	if err != nil {
		return fmt.Errorf("look up /usr/etc: %w", err)
	}
	if !e.Dir {
		return s.repo.CheckFree(spareSpace)
	}
	need, err := s.treeSize(ctx, e.Tree, 0)
	if err != nil {
		return fmt.Errorf("measure /usr/etc: %w", err)
	}
	return s.repo.CheckFree(need + spareSpace)
}

// maxEtcDepth is more than any path can have.
const maxEtcDepth = 2048

// treeSize is the space that a copy of a directory of the repository takes,
// without attributes.
func (s *Sysroot) treeSize(ctx context.Context, c object.Checksum, depth int) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if depth > maxEtcDepth {
		return 0, fmt.Errorf("%w: directories nested too deeply", ErrTree)
	}
	tree, err := s.repo.DirTree(c)
	if err != nil {
		return 0, err
	}
	const block = 4096
	total := int64(block)
	for _, f := range tree.Files {
		n, err := s.repo.FileSize(f.Checksum)
		if err != nil {
			return 0, err
		}
		total += (n + block - 1) / block * block
	}
	for _, d := range tree.Dirs {
		n, err := s.treeSize(ctx, d.Tree, depth+1)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// bootSpace says what a new kernel means for the file system of /boot.
type bootSpace uint8

const (
	bootFits       bootSpace = iota // beside those that are there
	bootFitsPruned                  // after what next does without has gone
	bootTooSmall
)

// bootSpaceFor compares sizes in bytes: of the new kernel, of what is free, and
// of the kernels that could go.
func bootSpaceFor(need, free, freeable int64) bootSpace {
	switch {
	case need <= free:
		return bootFits
	case freeable > 0 && need <= free+freeable:
		return bootFitsPruned
	}
	return bootTooSmall
}

// checkBootSpace finds out, before anything is written to /boot, whether a
// kernel that is not there yet fits into a file system of its own. next is the
// list that is to be.
func (s *Sysroot) checkBootSpace(kernel *kernelLayout, next []Deployment) (bootSpace, error) {
	own, err := s.ownBoot()
	if err != nil || !own || hasKernel(s.deployments, kernel.bootChecksum) {
		return bootFits, err
	}
	var fs unix.Statfs_t
	if err := unix.Fstatfs(s.boot, &fs); err != nil {
		return 0, fmt.Errorf("free space of boot: %w", err)
	}
	block := int64(fs.Bsize)
	need, err := kernel.size(block)
	if err != nil {
		return 0, err
	}
	// Entries, directories, and what the boot loader reads.
	need += 16*block + maxEntrySize
	blocks := fs.Bavail
	if os.Geteuid() == 0 {
		blocks = fs.Bfree
	}
	free := int64(blocks) * block
	freeable, err := s.freeable(next, block)
	if err != nil {
		return 0, fmt.Errorf("measure the kernels in boot: %w", err)
	}
	fits := bootSpaceFor(need, free, freeable)
	if fits == bootTooSmall {
		return fits, fmt.Errorf("%w: %d bytes needed for the kernel, %d free and %d to be freed in the file system of %s",
			ErrNoSpace, need, free, freeable, s.pathOf("boot"))
	}
	return fits, nil
}

// ownBoot reports whether /boot is on a file system of its own.
func (s *Sysroot) ownBoot() (bool, error) {
	var boot, ostree unix.Stat_t
	if err := unix.Fstat(s.boot, &boot); err != nil {
		return false, err
	}
	if err := unix.Fstat(s.ostree, &ostree); err != nil {
		return false, err
	}
	return boot.Dev != ostree.Dev, nil
}

func hasKernel(list []Deployment, bootChecksum string) bool {
	for _, d := range list {
		if d.BootChecksum == bootChecksum {
			return true
		}
	}
	return false
}

// freeable is the size of the kernels that next does without.
func (s *Sysroot) freeable(next []Deployment, block int64) (int64, error) {
	var total int64
	seen := make(map[string]bool)
	for _, d := range s.deployments {
		dir := bootDir(d)
		if seen[dir] || hasKernel(next, d.BootChecksum) {
			continue
		}
		seen[dir] = true
		parent, name := splitPath(dir)
		at, err := openDir(s.boot, parent)
		if missing(err) {
			continue
		}
		if err != nil {
			return 0, err
		}
		n, err := spaceOf(at, name, block)
		unix.Close(at)
		if err != nil && !missing(err) {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// pruneEarly makes room in /boot for a kernel: what next does without goes first
// and not, as otherwise, after next is in effect. What runs is in next.
func (s *Sysroot) pruneEarly(ctx context.Context, next []Deployment) error {
	var keep []Deployment
	for _, d := range s.deployments {
		if indexOf(next, d) >= 0 {
			keep = append(keep, d)
		}
	}
	if len(keep) == 0 {
		return fmt.Errorf("%w: no deployment may go to make room in %s", ErrNoSpace, s.pathOf("boot"))
	}
	s.log.Info("boot has no room for one more kernel: removing old deployments first",
		"deployments", len(s.deployments), "kept", len(keep))
	if err := s.write(ctx, keep); err != nil {
		return fmt.Errorf("make room in %s: %w", s.pathOf("boot"), err)
	}
	for _, clean := range []func(context.Context) error{s.cleanBootVersions, s.cleanKernels} {
		if err := clean(ctx); err != nil {
			return fmt.Errorf("make room in %s: %w", s.pathOf("boot"), err)
		}
	}
	return nil
}
