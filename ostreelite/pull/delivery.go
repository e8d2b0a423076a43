package pull

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// delivery is one commit on its way into a repository.
type delivery struct {
	repo *repo.Repo
	txn  *repo.Txn
	name object.Name
	// raw is the verified commit object once it is known, commit what it says.
	raw    []byte
	commit *object.Commit
}

// intoRepo runs bring, which is to put everything that a commit refers to into
// the delivery's transaction, and publishes: first these objects, then the commit
// object, then that it is not partial, then the ref. A cut between any two leaves
// nothing that claims to be more complete than it is.
func intoRepo(ctx context.Context, r *repo.Repo, c object.Checksum, ref string, bring func(*delivery) error) error {
	name := object.Name{Type: object.TypeCommit, Checksum: c}
	whole, err := isWhole(r, name)
	if err != nil {
		return err
	}
	if !whole {
		if err := deliver(ctx, r, name, bring); err != nil {
			return err
		}
	}
	if ref == "" {
		return nil
	}
	if now, err := r.ResolveRef(ref); err == nil && now == c {
		return nil
	}
	return r.SetRef(ref, c)
}

// isWhole tells whether r has a commit with all it refers to.
func isWhole(r *repo.Repo, name object.Name) (bool, error) {
	_, err := r.Metadata(name)
	if errors.Is(err, repo.ErrNotFound) || errors.Is(err, repo.ErrCorrupt) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	partial, err := r.IsPartial(name.Checksum)
	return !partial, err
}

func deliver(ctx context.Context, r *repo.Repo, name object.Name, bring func(*delivery) error) error {
	txn, err := r.Begin(ctx)
	if err != nil {
		return err
	}
	// What was verified before an error is kept for the next attempt.
	defer txn.Abort()
	d := &delivery{repo: r, txn: txn, name: name}
	if err := bring(d); err != nil {
		return err
	}
	if err := txn.Checkpoint(); err != nil {
		return err
	}
	if err := txn.WriteMetadata(name, d.raw); err != nil {
		return err
	}
	if err := txn.Commit(); err != nil {
		return err
	}
	return r.ClearPartial(name.Checksum)
}

// from brings everything from one source.
func (d *delivery) from(ctx context.Context, src source, workers int, m *meter, log *slog.Logger) error {
	if d.commit == nil {
		if err := d.begin(ctx, src, log); err != nil {
			return err
		}
	}
	t := &transfer{txn: d.txn, src: src, queue: newQueue(), meter: m}
	m.follow(t.queue)
	return t.run(ctx, d.commit, workers)
}

// begin gets the commit object, marks the commit as partial and checks that what
// is missing of it will fit, if it says how much that is.
func (d *delivery) begin(ctx context.Context, src source, log *slog.Logger) error {
	raw, err := d.txn.Metadata(d.name)
	if errors.Is(err, repo.ErrNotFound) || errors.Is(err, repo.ErrCorrupt) {
		raw, err = src.metadata(ctx, new(bytes.Buffer), d.name)
	}
	if err != nil {
		return err
	}
	commit, err := object.ParseCommit(raw)
	if err != nil {
		return classify(fmt.Errorf("commit %s: %w", d.name.Checksum, err), repo.ErrCorrupt)
	}
	if err := d.repo.MarkPartial(d.name.Checksum); err != nil {
		return err
	}
	need, err := missingSize(commit, d.repo.Mode() == repo.Archive, d.txn.Has)
	switch {
	case errors.Is(err, errNoSizes):
	case errors.Is(err, errSizes):
		log.Warn("commit has unreadable ostree.sizes, free space is not checked beforehand", "commit", d.name.Checksum)
	case err != nil:
		return err
	case need > 0:
		if err := d.repo.CheckFree(need); err != nil {
			return err
		}
	}
	d.raw, d.commit = raw, commit
	return nil
}
