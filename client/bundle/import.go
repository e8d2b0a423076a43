package bundle

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/pull"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// importer writes the objects of an archive as they come.
type importer struct {
	txn    *repo.Txn
	commit object.Name
	// raw is the commit object, once it came.
	raw   []byte
	buf   bytes.Buffer
	meter meter
}

// importFrom runs bring, which gives every object of an archive to the importer,
// and publishes: first the objects, then the commit, as a partial one until a walk
// has found all that it refers to.
func importFrom(ctx context.Context, dst *repo.Repo, o PullOptions, total int64, bring func(*importer) error) (pull.Stats, error) {
	i := &importer{
		commit: object.Name{Type: object.TypeCommit, Checksum: o.Commit},
		meter:  meter{show: o.Progress, total: total, start: time.Now()},
	}
	whole, err := isWhole(dst, i.commit)
	if err == nil && !whole {
		if err = i.run(ctx, dst, bring); err == nil {
			err = complete(ctx, dst, o)
		}
	}
	i.meter.done()
	return i.meter.stats(), err
}

func isWhole(r *repo.Repo, commit object.Name) (bool, error) {
	have, err := r.Has(commit)
	if err != nil || !have {
		return false, err
	}
	partial, err := r.IsPartial(commit.Checksum)
	return !partial, err
}

func (i *importer) run(ctx context.Context, dst *repo.Repo, bring func(*importer) error) (err error) {
	if i.txn, err = dst.Begin(ctx); err != nil {
		return err
	}
	// What was verified before an error is kept for the next attempt.
	defer i.txn.Abort()
	if err := bring(i); err != nil {
		return err
	}
	if i.raw != nil {
		if err := i.txn.Checkpoint(); err != nil {
			return err
		}
		if err := dst.MarkPartial(i.commit.Checksum); err != nil {
			return err
		}
		if err := i.txn.WriteMetadata(i.commit, i.raw); err != nil {
			return err
		}
	} else if have, err := i.txn.Has(i.commit); err != nil {
		return err
	} else if !have {
		return fmt.Errorf("the commit object is %w", ErrIncomplete)
	}
	return i.txn.Commit()
}

// complete ends the partial state of a commit if all that it refers to is there.
func complete(ctx context.Context, r *repo.Repo, o PullOptions) error {
	// With the repository itself as the source, a walk finds what is missing.
	_, err := pull.Local(ctx, r, r, pull.LocalOptions{Commit: o.Commit, Log: o.Log})
	if errors.Is(err, pull.ErrNotFound) {
		return fmt.Errorf("a part of the commit is %w: %w", ErrIncomplete, err)
	}
	return err
}

// take imports the file that r is at, if it is an object that is wanted.
func (i *importer) take(r *reader) error {
	e := r.entry
	if e.kind != ostreeObject || (e.object.Type == object.TypeCommit && e.object != i.commit) {
		return nil
	}
	have, err := i.txn.Has(e.object)
	if err != nil {
		return err
	}
	size := int64(0)
	if !have {
		size = r.header.Size
		if err := i.write(e.object, size, r); err != nil {
			return err
		}
	}
	i.meter.count(e.object, have, size)
	return nil
}

func (i *importer) write(name object.Name, size int64, r io.Reader) error {
	if name.Type == object.TypeFile {
		_, err := i.txn.WriteArchived(name.Checksum, r)
		return err
	}
	if size > object.MaxMetadataSize {
		return fmt.Errorf("%w: %s has %d bytes", repo.ErrCorrupt, name, size)
	}
	i.buf.Reset()
	if _, err := i.buf.ReadFrom(r); err != nil {
		return err
	}
	if name != i.commit {
		return i.txn.WriteMetadata(name, i.buf.Bytes())
	}
	if object.Sum(i.buf.Bytes()) != name.Checksum {
		return fmt.Errorf("%w: %s: the data has another checksum", repo.ErrCorrupt, name)
	}
	i.raw = bytes.Clone(i.buf.Bytes())
	return nil
}
