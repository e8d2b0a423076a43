package repo

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// CommitOptions says what CommitTree commits, and how.
type CommitOptions struct {
	Dir       string          // the root directory
	Parent    object.Checksum // or zero
	Subject   string
	Body      string
	Timestamp time.Time // whole seconds
	Metadata  []byte    // see object.CommitMetadata
	Ref       string    // set to the commit in the end, unless empty
	// Owner, if set, owns everything.
	Owner *Owner
	// Canonical leaves out what a bare-user-only repository cannot hold: owner
	// 0, no attributes, no set-id, sticky or group-write bits. It is implied
	// when committing to one.
	Canonical bool
	// SkipXattrs leaves out extended attributes.
	SkipXattrs bool
	// Modify, if set, is called with the slash-separated path ("/" is the root)
	// and the header of every file and directory, and may change owner, mode
	// bits and attributes. False leaves the file, or directory with all in it,
	// out.
	Modify func(path string, h *object.FileHeader) bool
}

// Owner is a numeric user and group.
type Owner struct{ UID, GID uint32 }

// CommitTree commits a directory tree of this machine and gives the commit's
// checksum. The same tree and options give the same commit. Files that are
// neither regular files, directories nor symbolic links are an ErrUnsupported,
// bad names are an object.ErrMalformed.
func (r *Repo) CommitTree(ctx context.Context, o CommitOptions) (object.Checksum, error) {
	c, err := r.commitTree(ctx, o)
	if err != nil {
		return c, fmt.Errorf("commit %s: %w", o.Dir, err)
	}
	return c, nil
}

func (r *Repo) commitTree(ctx context.Context, o CommitOptions) (object.Checksum, error) {
	var none object.Checksum
	if o.Ref != "" {
		if err := ValidateRef(o.Ref); err != nil {
			return none, err
		}
	}
	if err := object.ValidateMetadata(o.Metadata); err != nil {
		return none, err
	}
	fd, err := openDir(unix.AT_FDCWD, o.Dir)
	if err != nil {
		return none, err
	}
	defer unix.Close(fd)
	o.Canonical = o.Canonical || r.Mode() == BareUserOnly
	o.SkipXattrs = o.SkipXattrs || o.Canonical || r.config.DisableXattrs
	t, err := r.Begin(ctx)
	if err != nil {
		return none, err
	}
	defer t.Abort()
	w := &treeWriter{t: t, o: o, inodes: map[inode]object.Checksum{}}
	root, err := w.directory(ctx, fd, "/", 0)
	if err != nil {
		return none, err
	}
	commit := object.Commit{
		Metadata: o.Metadata, Parent: o.Parent, Subject: o.Subject, Body: o.Body,
		Timestamp: o.Timestamp, Tree: root.Tree, Meta: root.Meta,
	}
	sum, err := w.metadata(object.TypeCommit, commit.Marshal())
	if err != nil {
		return none, err
	}
	if err := t.Commit(); err != nil {
		return none, err
	}
	if o.Ref != "" {
		return sum, r.SetRef(o.Ref, sum)
	}
	return sum, nil
}
