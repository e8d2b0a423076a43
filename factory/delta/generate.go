//go:build factory

package delta

import (
	"context"
	"fmt"
	"time"

	"github.com/sotabox/sotabox/ostreelite/delta"
	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// defaultPartSize is libostree's.
const defaultPartSize = 32 << 20

// Options say what delta to make.
type Options struct {
	From object.Checksum // zero: from scratch
	To   object.Checksum
	// PartSize is what a part may have in it before the next one is begun, in bytes
	// before compression; 32 MiB if 0.
	PartSize int64
	// MinFallback is the size, in bytes, of new files that are left to be fetched
	// as objects; 0: none is, and the delta can be applied offline.
	MinFallback int64
	// Inline puts the parts into the superblock, so that the delta is one file.
	Inline bool
	// NoPatches uses neither patches nor blocks of other files.
	NoPatches bool
	// Now is the time that the delta says it was made at.
	Now time.Time
}

// Stats is what a delta has in it.
type Stats struct {
	Objects   int // in the parts
	Patched   int // of them as patches,
	Copied    int // and as copies of blocks
	Fallbacks int
	Parts     int
	Size      int64 // of superblock and parts, in bytes
}

// Generate makes a delta between two commits of a repository and puts it there,
// with an entry in the index of the deltas to the second commit. One that is there
// is replaced.
func Generate(ctx context.Context, r *repo.Repo, o Options) (Stats, error) {
	if o.PartSize <= 0 {
		o.PartSize = defaultPartSize
	}
	g := &generator{ctx: ctx, repo: r, o: o, part: newPart()}
	if err := g.generate(); err != nil {
		return Stats{}, fmt.Errorf("make static delta %s: %w", delta.Name(o.From, o.To), err)
	}
	return g.stats, nil
}

type generator struct {
	ctx       context.Context
	repo      *repo.Repo
	o         Options
	part      *part
	parts     []finished
	fallbacks [][]byte
	stats     Stats
}

func (g *generator) generate() error {
	old := newTree()
	if !g.o.From.IsZero() {
		if err := old.read(g.repo, g.o.From); err != nil {
			return err
		}
	}
	next := newTree()
	if err := next.read(g.repo, g.o.To); err != nil {
		return err
	}
	for _, n := range next.metadata {
		if old.has(n) {
			continue
		}
		if err := g.addMetadata(n); err != nil {
			return err
		}
	}
	for _, f := range next.files {
		if old.has(object.Name{Type: object.TypeFile, Checksum: f.checksum}) {
			continue
		}
		if err := g.addFile(f, old); err != nil {
			return err
		}
	}
	if err := g.finish(); err != nil {
		return err
	}
	return g.write()
}

// finish ends a part, unless it is empty.
func (g *generator) finish() error {
	if len(g.part.objects) == 0 {
		return nil
	}
	p, err := g.part.finish()
	if err != nil {
		return err
	}
	g.parts = append(g.parts, p)
	g.stats.Parts++
	g.stats.Size += int64(len(p.data))
	g.part = newPart()
	return nil
}

// begin makes room for so many bytes, in a new part if need be, and the object to
// come one of it.
func (g *generator) begin(n object.Name, size, unpacked int) error {
	if err := g.ctx.Err(); err != nil {
		return err
	}
	if int64(g.part.size()+size) > g.o.PartSize {
		if err := g.finish(); err != nil {
			return err
		}
	}
	g.part.add(n, unpacked)
	g.stats.Objects++
	return nil
}
