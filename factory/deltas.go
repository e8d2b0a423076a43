//go:build factory

package factory

import (
	"context"
	"time"

	"github.com/sotabox/sotabox/factory/delta"
	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// minFallback is the size from which on new files are left out of static deltas, in
// bytes: devices that were interrupted continue inside of objects, not of deltas.
// It is libostree's.
const minFallback = 4_000_000

// makeDeltas makes static deltas to a commit.
func (f *Factory) makeDeltas(ctx context.Context, to object.Checksum, from []object.Checksum) error {
	if len(from) == 0 {
		return nil
	}
	published, err := repo.Open(f.OSTree())
	if err != nil {
		return err
	}
	defer published.Close()
	for _, c := range from {
		if c == to {
			continue
		}
		_, err := delta.Generate(ctx, published, delta.Options{From: c, To: to, MinFallback: minFallback, Now: time.Now()})
		if err != nil {
			return err
		}
	}
	return nil
}

// scratch names the start of a static delta that needs none.
const scratch = "scratch"

// DeltaSources finds the commits that static deltas are to start from: each is
// called by a target's name or version, by a commit's checksum or ref, or "scratch".
func (f *Factory) DeltaSources(names []string) ([]object.Checksum, error) {
	var list []object.Checksum
	for _, name := range names {
		c, err := f.deltaSource(name)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

func (f *Factory) deltaSource(name string) (object.Checksum, error) {
	if name == scratch {
		return object.Checksum{}, nil
	}
	if _, target, err := f.FindTarget(name); err == nil {
		return object.ParseChecksum(target.Hashes["sha256"])
	}
	return f.ResolveCommit(name)
}
