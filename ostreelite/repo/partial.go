package repo

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// A file state/CHECKSUM.commitpartial says that a commit is there but perhaps
// not all of its objects. The content "f" is fsck's mark for a commit it found
// incomplete; from a pull the file is empty.

func partialPath(c object.Checksum) string { return "state/" + c.String() + ".commitpartial" }

// MarkPartial notes, durably, that objects of a commit may be missing. It must
// come before the commit object.
func (r *Repo) MarkPartial(c object.Checksum) error {
	if err := r.markPartial(c); err != nil {
		return fmt.Errorf("mark commit %s as partial: %w", c, classify(err))
	}
	return nil
}

func (r *Repo) markPartial(c object.Checksum) error {
	fd, err := openAt(r.dir, partialPath(c), unix.O_WRONLY|unix.O_CREAT|unix.O_NOFOLLOW, 0o644)
	if err != nil {
		return err
	}
	unix.Close(fd)
	return r.syncState()
}

// ClearPartial notes, durably, that a commit is complete.
func (r *Repo) ClearPartial(c object.Checksum) error {
	err := unix.Unlinkat(r.dir, partialPath(c), 0)
	if err == unix.ENOENT {
		return nil
	}
	if err == nil {
		err = r.syncState()
	}
	if err != nil {
		return fmt.Errorf("mark commit %s as complete: %w", c, err)
	}
	return nil
}

// IsPartial reports whether objects of a commit may be missing.
func (r *Repo) IsPartial(c object.Checksum) (bool, error) { return hasAt(r.dir, partialPath(c)) }

func (r *Repo) syncState() error {
	if !r.config.Fsync {
		return nil
	}
	fd, err := openDir(r.dir, "state")
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Fsync(fd)
}
