package pull

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"

	"github.com/sotabox/sotabox/ostreelite/delta"
	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// viaDelta brings what a static delta of a remote has, if there is one. Whatever is
// wrong with it, the objects are there to fall back to, so that only trouble of
// the destination, and the end of the context, is an error.
func (d *delivery) viaDelta(ctx context.Context, h *httpSource, o Options, m *meter) error {
	from := o.DeltaFrom
	if from == nil {
		refs, err := d.repo.Refs()
		if err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(refs)) {
			from = append(from, refs[name])
		}
	}
	result, err := delta.Apply(ctx, d.repo, d.txn, deltaSource{h}, delta.Options{
		Commit: d.name.Checksum, From: from, Log: o.Log,
		Wrote: func(t object.Type) {
			if t == object.TypeFile {
				m.content.Add(1)
			} else {
				m.metadata.Add(1)
			}
		},
	})
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, repo.ErrNoSpace):
		return err
	case errors.Is(err, delta.ErrNone):
		o.Log.Debug("remote has no static delta", "remote", h.String(), "commit", d.name.Checksum)
	case err != nil:
		o.Log.Warn("static delta failed, fetching objects", "remote", h.String(), "error", err)
	default:
		o.Log.Info("static delta applied", "from", result.From, "parts", result.Parts, "of", result.Total)
	}
	return nil
}

// deltaSource gives the files of static deltas.
type deltaSource struct{ *httpSource }

// Fetch is as [delta.Source] has it.
func (s deltaSource) Fetch(ctx context.Context, path string, use func(io.Reader) error) error {
	err := s.get(ctx, s.objects, path, func(b *body) error {
		b.resumes = true
		return use(b)
	})
	if errors.Is(err, ErrNotFound) {
		err = fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	return err
}
