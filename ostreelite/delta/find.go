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
	listed := make(chan index, 1)
	go func() { listed <- a.index(ctx) }()
	s, sum, err := a.superblock(ctx, from[0], into)
	x := <-listed
	if x == nil {
		for _, c := range from[1:] {
			if !errors.Is(err, fs.ErrNotExist) {
				break
			}
			s, _, err = a.superblock(ctx, c, into)
		}
		return s, none(err)
	}
	c, ok, err2 := a.choose(x, from)
	if err2 != nil {
		return nil, err2
	}
	if !ok {
		return nil, ErrNone
	}
	if c != from[0] {
		s, sum, err = a.superblock(ctx, c, into)
	}
	if err == nil && sum != x[c] {
		err = malformed("superblock of %s has another checksum than the index says", Name(c, a.to))
	}
	return s, none(err)
}

func none(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNone
	}
	return err
}

// choose finds a commit to start from in an index: one that is preferred, any that
// the repository has, or none at all, for a delta from scratch.
func (a *applier) choose(x index, preferred []object.Checksum) (c object.Checksum, ok bool, err error) {
	for _, c := range preferred {
		if _, ok := x[c]; ok && !c.IsZero() {
			return c, true, nil
		}
	}
	for c := range x {
		if c.IsZero() {
			continue
		}
		if whole, err := a.isWhole(c); whole || err != nil {
			return c, whole, err
		}
	}
	_, ok = x[c]
	return c, ok && preferred[0].IsZero(), nil
}

// index is the list of deltas, nil if there is none that can be read.
func (a *applier) index(ctx context.Context) (x index) {
	path := IndexPath(a.to)
	err := a.source.Fetch(ctx, path, func(r io.Reader) (err error) {
		x, err = readIndex(r, a.to)
		return err
	})
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			a.log.Debug("index of static deltas cannot be read", "file", path, "error", err)
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
		err = malformed("it is another, %s", Name(s.from, s.to))
	}
	if err != nil {
		return nil, sum, fmt.Errorf("static delta %s: %w", Name(from, a.to), err)
	}
	return s, sum, nil
}
