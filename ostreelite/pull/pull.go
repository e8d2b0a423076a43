package pull

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/sotabox/sotabox/ostreelite/repo"
)

// Pull brings o.Commit and all it refers to from an archive repository over HTTP
// into r. A commit that r has in full costs nothing; one that was pulled in part,
// by us or by libostree, is continued.
//
// When it fails, r keeps the verified objects and the commit stays marked as
// partial: the next Pull continues. Errors have a class: ErrFetch, ErrNotFound,
// [repo.ErrCorrupt], [repo.ErrNoSpace], or the cause of ctx's end. With many
// remotes the error has the classes of all of them.
func Pull(ctx context.Context, r *repo.Repo, o Options) (Stats, error) {
	if err := o.complete(); err != nil {
		return Stats{}, err
	}
	m := &meter{start: time.Now()}
	stop := m.report(o.Progress)
	err := intoRepo(ctx, r, delivery{keys: o.Keys}, o.Commit, o.Ref, func(d *delivery) error {
		return d.fromRemotes(ctx, o, m)
	})
	stop()
	return m.stats(), err
}

// fromRemotes tries one remote after the other.
func (d *delivery) fromRemotes(ctx context.Context, o Options, m *meter) error {
	limit := newRate(o.MaxRate)
	var failed error
	for i, remote := range o.Remotes {
		err := d.fromRemote(ctx, remote, o, limit, m)
		if err == nil || ctx.Err() != nil || !isSourceFault(err) {
			return err
		}
		if i < len(o.Remotes)-1 {
			// The last error is for the caller to tell.
			o.Log.Warn("remote failed, trying the next", "error", err)
		}
		if failed != nil {
			err = fmt.Errorf("%w; %w", failed, err)
		}
		failed = err
	}
	return failed
}

func (d *delivery) fromRemote(ctx context.Context, remote Remote, o Options, limit *rate, m *meter) error {
	most := cmp.Or(o.Workers, mostWorkers)
	h, closeIdle, err := newHTTPSource(remote, o, most)
	if err != nil {
		return err
	}
	defer closeIdle()
	h.bytes, h.rate = &m.bytes, limit
	workers := func() int { return workersFor(h.trips.least()) }
	if o.Workers > 0 {
		workers = fixed(o.Workers)
	}
	if err := h.open(ctx); err != nil {
		return err
	}
	if err := d.begin(ctx, h, o.Log); err != nil {
		return err
	}
	if !o.NoDeltas {
		if err := d.viaDelta(ctx, h, o, m); err != nil {
			return err
		}
	}
	return d.from(ctx, h, workers, m)
}

func fixed(n int) func() int { return func() int { return n } }

// requestHeader is what is sent with each request. Objects are compressed as they
// need it; a second compression on the way would only hide sizes.
func requestHeader(given http.Header) http.Header {
	h := given.Clone()
	if h == nil {
		h = http.Header{}
	}
	h.Set("Accept-Encoding", "identity")
	return h
}
