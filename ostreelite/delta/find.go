package delta

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// maxSuperblock is the largest superblock that is read, in bytes. It can hold all
// parts.
const maxSuperblock = 1 << 29

// maxProbes is how many commits a delta from is asked for where no index says
// which there are.
const maxProbes = 4

// usable are the commits that a delta can start from: those the repository has in
// full. Without any it has to start from scratch; with one that would bring again
// most of what is there.
func (a *applier) usable(from []object.Checksum) ([]object.Checksum, error) {
	var list []object.Checksum
	for _, c := range from {
		if c == a.to || slices.Contains(list, c) {
			continue
		}
		whole, err := a.isWhole(c)
		if err != nil {
			return nil, err
		}
		if whole {
			list = append(list, c)
		}
	}
	if len(list) == 0 {
		list = append(list, object.Checksum{})
	}
	return list[:min(len(list), maxProbes)], nil
}

func (a *applier) isWhole(c object.Checksum) (bool, error) {
	have, err := a.repo.Has(object.Name{Type: object.TypeCommit, Checksum: c})
	if err != nil || !have {
		return false, err
	}
	partial, err := a.repo.IsPartial(c)
	return !partial, err
}

// find fetches the superblock of the first delta there is.
func (a *applier) find(ctx context.Context, from []object.Checksum, into *spool) (*superblock, error) {
	from, err := a.usable(from)
	if err != nil {
		return nil, err
	}
	// The index and the likeliest superblock are asked for at once: mostly neither
	// is there, and to know that should cost one round trip.
	listed := make(chan *index, 1)
	go func() { listed <- a.index(ctx) }()
	s, sum, err := a.superblock(ctx, from[0], into)
	x := <-listed
	for i, c := range from {
		want, ok := sum, true
		if x != nil {
			want, ok = x.find(c)
		}
		if !ok {
			continue
		}
		if i > 0 {
			s, sum, err = a.superblock(ctx, c, into)
		}
		if err == nil && x != nil && sum != want {
			err = malformed("superblock has another checksum than the index says")
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return s, err
		}
	}
	return nil, ErrNone
}

// index is the list of deltas, nil if there is none that can be read.
func (a *applier) index(ctx context.Context) (x *index) {
	err := a.source.Fetch(ctx, IndexPath(a.to), func(r io.Reader) (err error) {
		x, err = readIndex(r, a.to)
		return err
	})
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			a.log.Debug("index of static deltas cannot be read", "commit", a.to, "error", err)
		}
		return nil
	}
	return x
}

// superblock fetches the superblock of one delta, and gives its checksum.
func (a *applier) superblock(ctx context.Context, from object.Checksum, into *spool) (*superblock, object.Checksum, error) {
	var all view
	var sum object.Checksum
	err := a.source.Fetch(ctx, SuperblockPath(from, a.to), func(r io.Reader) (err error) {
		in := newFetched(r, maxSuperblock)
		if all, err = into.fill(in, maxSuperblock, plain); err == nil {
			sum, err = in.sum()
		}
		return err
	})
	if err != nil {
		return nil, sum, err
	}
	s, err := parseSuperblock(all)
	if err == nil && (s.from != from || s.to != a.to) {
		err = malformed("it is another one")
	}
	if err != nil {
		return nil, sum, fmt.Errorf("static delta %s: %w", Name(from, a.to), err)
	}
	return s, sum, nil
}
