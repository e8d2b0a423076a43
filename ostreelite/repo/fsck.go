package repo

import (
	"context"
	"errors"
	"fmt"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// FsckReport is what Fsck found.
type FsckReport struct {
	Commits  int // that were checked
	Objects  int // that were verified
	Partial  []object.Checksum
	Problems []Problem
}

// Problem is an object that is missing or corrupt: Err is an ErrNotFound or an
// ErrCorrupt.
type Problem struct {
	Object object.Name
	Err    error
}

// Fsck verifies every object that the commits in the repository reach. What is
// missing or corrupt is in the report; an object missing in a partial commit is
// no problem. The error is for when it could not be found out.
func (r *Repo) Fsck(ctx context.Context) (*FsckReport, error) {
	report, err := r.fsck(ctx)
	if err != nil {
		return nil, fmt.Errorf("check %s: %w", r.path, err)
	}
	return report, nil
}

func (r *Repo) fsck(ctx context.Context) (*FsckReport, error) {
	commits, err := r.Commits()
	if err != nil {
		return nil, err
	}
	report := &FsckReport{}
	// Partial commits come last: an object that a complete one needs too is
	// looked at on account of that one.
	complete, partial, err := r.splitPartial(commits)
	if err != nil {
		return nil, err
	}
	report.Commits, report.Partial = len(commits), partial
	check := &checker{r: r, report: report}
	w := &walker{r: r, seen: map[object.Name]struct{}{}, visit: check.verify}
	w.broken = func(n object.Name, err error) error {
		if missing(err) || errors.Is(err, ErrCorrupt) {
			return nil
		}
		return err
	}
	for i, c := range append(complete, partial...) {
		check.partial = i >= len(complete)
		if err := w.commit(ctx, c); err != nil {
			return nil, err
		}
		if check.err != nil {
			return nil, check.err
		}
	}
	return report, nil
}

func (r *Repo) splitPartial(commits []object.Checksum) (complete, partial []object.Checksum, err error) {
	for _, c := range commits {
		is, err := r.IsPartial(c)
		if err != nil {
			return nil, nil, err
		}
		if is {
			partial = append(partial, c)
		} else {
			complete = append(complete, c)
		}
	}
	return complete, partial, nil
}

type checker struct {
	r       *Repo
	report  *FsckReport
	partial bool
	err     error // the first that is no finding
}

func (c *checker) verify(n object.Name) {
	err := c.r.Verify(n)
	switch {
	case err == nil:
		c.report.Objects++
	case missing(err) && c.partial:
	case missing(err), errors.Is(err, ErrCorrupt):
		c.report.Problems = append(c.report.Problems, Problem{n, err})
	case c.err == nil:
		c.err = err
	}
}
