package tuf

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Limits of spec/tuf.md, "Requests".
const (
	maxSmall         = 64 << 10 // root, timestamp, snapshot
	maxTargets       = 8 << 20
	maxBundle        = 1 << 20
	maxRootRotations = 1000 // in one refresh
)

// Refresh brings the trusted set up to date: the client workflow of the TUF specification, section 5. It asks the source
// for the next root until there is none, for the timestamp, and for snapshot and targets only if the stored ones are
// not what is named now. A new set is verified whole before it is stored, so that after any error, or if the process is
// killed, the stored set is what it was.
//
// Errors are in class ErrInvalid (also ErrRollback), ErrExpired, ErrFetch, ErrNotFound or ErrStorage. All but the last
// are an *Error that names the document.
func (c *Client) Refresh(ctx context.Context) (*Trusted, error) {
	return c.update(ctx, (*refresh).run)
}

// update runs a workflow and stores what it verified.
func (c *Client) update(ctx context.Context, run func(*refresh) error) (*Trusted, error) {
	if c.cfg.Source == nil {
		return nil, errors.New("tuf: a refresh needs a source")
	}
	s, err := createStore(ctx, c.cfg.Dir)
	if err != nil {
		return nil, err
	}
	defer s.close()
	stored, err := s.load()
	if err != nil && !errors.Is(err, ErrNoMetadata) {
		return nil, err
	}
	r := &refresh{Config: c.cfg, ctx: ctx, now: c.now(stored), stored: stored, next: &set{}}
	if err := run(r); err != nil {
		return nil, err
	}
	t := newTrusted(r.dialect)
	for _, skipped := range t.Skipped {
		c.cfg.Log.Warn("target is malformed and ignored", "name", skipped.Name, "reason", skipped.Reason)
	}
	if r.next.equal(stored) {
		return t, nil
	}
	r.next.seen = latestSeen(r.now, t)
	if err := s.save(r.next); err != nil {
		return nil, err
	}
	t.Changed = true
	return t, nil
}

// refresh is one run of the workflow.
type refresh struct {
	Config
	dialect
	ctx    context.Context
	now    time.Time // one time for the whole run: TUF specification, 5.1
	stored *set      // nil if there is none
	next   *set      // what is verified so far
	// keep, if not nil, takes each new document as soon as it is accepted, whatever becomes of those after it. The store of
	// a device does without: it takes a whole set or none.
	keep func(role string, data []byte) error
}

func (r *refresh) run() error {
	return inOrder(r.openTrustedRoot, r.followRoots, r.runMetadata)
}

// runMetadata gets what the root vouches for, once the root is final.
func (r *refresh) runMetadata() error {
	return inOrder(r.checkRoot, r.getTimestamp, r.getSnapshot, r.getTargets)
}

func inOrder(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// checkRoot is for the last root only: those on the way to it may be expired.
func (r *refresh) checkRoot() error { return expired(r, r.now, roleRoot) }

func (r *refresh) getTimestamp() error {
	if r.stored != nil {
		r.remember(r.stored)
	}
	data, err := r.fetch(roleTimestamp, 0, "timestamp.json", maxSmall)
	if err != nil {
		return err
	}
	changed, err := r.updateTimestamp(data)
	if err != nil {
		return err
	}
	if !changed {
		r.next.timestamp = r.stored.timestamp
		return expired(r, r.now, roleTimestamp)
	}
	r.next.timestamp = data
	return r.accepted(roleTimestamp, data)
}

func (r *refresh) getSnapshot() error {
	if r.keepSnapshot() {
		r.next.snapshot = r.stored.snapshot
		return expired(r, r.now, roleSnapshot)
	}
	data, err := r.fetch(roleSnapshot, 0, r.snapshotName(), maxSmall)
	if err != nil {
		return err
	}
	if err := r.updateSnapshot(data); err != nil {
		return err
	}
	r.next.snapshot = data
	return r.accepted(roleSnapshot, data)
}

func (r *refresh) getTargets() error {
	if r.keepTargets() {
		r.next.targets = r.stored.targets
		return expired(r, r.now, roleTargets)
	}
	data, err := r.fetch(roleTargets, 0, r.targetsName(), maxTargets)
	if err != nil {
		return err
	}
	if err := r.updateTargets(data); err != nil {
		return err
	}
	r.next.targets = data
	return r.accepted(roleTargets, data)
}

// accepted hands on a new document that verified, unless it is expired; roots on the way may be.
func (r *refresh) accepted(role string, data []byte) error {
	if role != roleRoot {
		if err := expired(r, r.now, role); err != nil {
			return err
		}
	}
	if r.keep == nil {
		return nil
	}
	return r.keep(role, data)
}

// fetch gets a document from the source and gives its errors role, version and class.
func (r *refresh) fetch(role string, version int64, name string, limit int64) ([]byte, error) {
	data, err := r.Source.Fetch(r.ctx, name, limit)
	if err == nil && int64(len(data)) <= limit {
		return data, nil
	}
	e := &Error{Role: role, Version: version, Class: ErrFetch, Err: err}
	switch {
	case err == nil:
		e.Class, e.Reason = ErrInvalid, fmt.Sprintf("larger than %d bytes", limit)
		return nil, e
	case errors.Is(err, ErrNotFound):
		e.Class = ErrNotFound
	case errors.Is(err, ErrInvalid):
		e.Class = ErrInvalid
	}
	e.Reason = strings.TrimPrefix(err.Error(), e.Class.Error()+": ")
	return nil, e
}
