package pull

import (
	"bytes"
	"context"
	"crypto/ed25519"
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
	// keys of which one must have signed the commit, if there are any.
	keys []ed25519.PublicKey
	// meta is the detached metadata, nil if there is none.
	meta []byte
}

// intoRepo runs bring, which is to put everything that a commit refers to into
// the delivery's transaction, and publishes: first these objects, then the commit
// object, then that it is not partial, then the ref. A cut between any two leaves
// nothing that claims to be more complete than it is.
func intoRepo(ctx context.Context, r *repo.Repo, d delivery, c object.Checksum, ref string, bring func(*delivery) error) error {
	name := object.Name{Type: object.TypeCommit, Checksum: c}
	whole, err := isWhole(r, name, d.keys)
	if err != nil {
		return err
	}
	if !whole {
		d.repo, d.name = r, name
		if err := d.deliver(ctx, bring); err != nil {
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

// isWhole tells whether r has a commit with all it refers to, signed with one of
// the keys, if there are any.
func isWhole(r *repo.Repo, name object.Name, keys []ed25519.PublicKey) (bool, error) {
	raw, err := r.Metadata(name)
	if errors.Is(err, repo.ErrNotFound) || errors.Is(err, repo.ErrCorrupt) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if len(keys) > 0 {
		meta, err := r.Detached(name.Checksum)
		if err != nil || verifySignature(keys, raw, meta) != nil {
			return false, nil
		}
	}
	partial, err := r.IsPartial(name.Checksum)
	return !partial, err
}

func (d *delivery) deliver(ctx context.Context, bring func(*delivery) error) error {
	txn, err := d.repo.Begin(ctx)
	if err != nil {
		return err
	}
	// What was verified before an error is kept for the next attempt.
	defer txn.Abort()
	d.txn = txn
	if err := bring(d); err != nil {
		return err
	}
	if d.meta != nil {
		if err := txn.WriteDetached(d.name.Checksum, d.meta); err != nil {
			return err
		}
	}
	if err := txn.Checkpoint(); err != nil {
		return err
	}
	if err := txn.WriteMetadata(d.name, d.raw); err != nil {
		return err
	}
	if err := txn.Commit(); err != nil {
		return err
	}
	return d.repo.ClearPartial(d.name.Checksum)
}

// from brings everything from one source, after begin.
func (d *delivery) from(ctx context.Context, src source, workers func() int, m *meter) error {
	t := &transfer{txn: d.txn, src: src, queue: newQueue(), meter: m, workers: workers}
	m.follow(t.queue)
	return t.run(ctx, d.commit)
}

// begin gets the commit object and its detached metadata, checks the signature if
// one is asked for, marks the commit as partial and checks that what is missing
// of it will fit, if it says how much that is. When an earlier source did so it
// does nothing.
func (d *delivery) begin(ctx context.Context, src source, log *slog.Logger) error {
	if d.commit != nil {
		return nil
	}
	raw, err := d.txn.Metadata(d.name)
	if errors.Is(err, repo.ErrNotFound) || errors.Is(err, repo.ErrCorrupt) {
		raw, err = src.metadata(ctx, new(bytes.Buffer), d.name)
	}
	if err != nil {
		return err
	}
	meta, err := src.detached(ctx, d.name.Checksum)
	switch {
	case errors.Is(err, ErrNotFound):
		meta = nil
	case err != nil:
		return err
	}
	if len(d.keys) > 0 {
		if err := verifySignature(d.keys, raw, meta); err != nil {
			return fmt.Errorf("commit %s from %s: %w", d.name.Checksum, src, err)
		}
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
	d.raw, d.commit, d.meta = raw, commit, meta
	return nil
}
