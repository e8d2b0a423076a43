package sysroot

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"
)

// makeEtc makes the /etc of a new deployment: a copy of the tree's usr/etc with
// the changes of the merge deployment, if there is one.
func (s *Sysroot) makeEtc(ctx context.Context, tree int, merge *Deployment) error {
	usr, err := exists(tree, "usr/etc")
	if err != nil {
		return err
	}
	etc, err := exists(tree, "etc")
	if err != nil {
		return err
	}
	switch {
	case etc && usr:
		return fmt.Errorf("%w: it has both /etc and /usr/etc", ErrTree)
	case etc:
		return fmt.Errorf("%w: it has /etc where /usr/etc should be", ErrTree)
	case usr:
		dir, err := openDir(tree, "usr")
		if err != nil {
			return fmt.Errorf("open usr: %w", err)
		}
		defer unix.Close(dir)
		if err := copyTree(ctx, dir, "etc", tree, "etc"); err != nil {
			return fmt.Errorf("copy /usr/etc: %w", err)
		}
	}
	if merge == nil {
		return nil
	}
	return s.mergeFrom(ctx, *merge, tree)
}

func (s *Sysroot) mergeFrom(ctx context.Context, merge Deployment, tree int) error {
	from, err := s.openTree(merge)
	if err != nil {
		return err
	}
	defer unix.Close(from)
	var dirs [3]int
	for i, d := range []struct {
		tree int
		path string
	}{{from, "usr/etc"}, {from, "etc"}, {tree, "etc"}} {
		if dirs[i], err = openDir(d.tree, d.path); err != nil {
			return fmt.Errorf("merge /etc of %s: open %s: %w", merge.Name(), d.path, err)
		}
		defer unix.Close(dirs[i])
	}
	changes, err := mergeEtc(ctx, dirs[0], dirs[1], dirs[2], func(path string) {
		s.log.Info("not carried over, neither a file nor a link nor a directory", "path", "/etc/"+path)
	})
	if err != nil {
		return err
	}
	s.log.Info("carried over changes in /etc", "modified", len(changes.modified),
		"removed", len(changes.removed), "added", len(changes.added))
	return nil
}
