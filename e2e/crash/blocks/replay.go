//go:build factory

package blocks

import "math/rand/v2"

// Replay goes through a record from flush to flush.
type Replay struct {
	// disks hold what is safely there.
	disks   [][]byte
	events  []Event
	unit    int
	pending []write
	applied uint64 // the sum of the ids of the writes that are on disks
	nextID  uint64
	tried   map[uint64]bool
}

// write is the part of a write that a disk does as a whole or not at all.
type write struct {
	Event
	id uint64
}

// Cut is what a power cut could leave.
type Cut struct {
	// Kept of Pending writes are on the disks; the flush before event At never
	// ended, and no later event happened.
	At, Kept, Pending int
	// How tells how the kept ones were chosen.
	How  string
	keep []bool
}

// NewReplay begins with the disks as they were before the events, which it
// changes. Writes are lost in units of that many bytes.
func NewReplay(disks [][]byte, events []Event, unit int) *Replay {
	return &Replay{disks: disks, events: events, unit: unit, tried: map[uint64]bool{}}
}

// Skip applies the first n events as if they were all flushed.
func (r *Replay) Skip(n int) {
	for _, e := range r.events[:n] {
		if !e.Flush {
			copy(r.disks[e.Disk][e.Offset:], e.Data)
		}
	}
	r.events = r.events[n:]
}

// Each calls do with the cuts before every flush and after the last event. It
// ends at the first error.
func (r *Replay) Each(choose Chooser, do func(Cut) error) error {
	for i, e := range r.events {
		if !e.Flush {
			r.add(e)
			continue
		}
		if err := r.cuts(i, choose, do); err != nil {
			return err
		}
		r.flushed(e.Disk)
	}
	return r.cuts(len(r.events), choose, do)
}

func (r *Replay) add(e Event) {
	for at := 0; at < len(e.Data); at += r.unit {
		part := Event{Disk: e.Disk, Offset: e.Offset + int64(at), Data: e.Data[at:min(at+r.unit, len(e.Data))]}
		r.nextID++
		r.pending = append(r.pending, write{part, rand.New(rand.NewPCG(r.nextID, 0)).Uint64()})
	}
}

func (r *Replay) cuts(at int, choose Chooser, do func(Cut) error) error {
	for _, c := range choose(len(r.pending)) {
		sum := r.applied
		for i, keep := range c.keep {
			if keep {
				sum += r.pending[i].id
				c.Kept++
			}
		}
		if r.tried[sum] {
			continue // the same writes were on the disks before
		}
		r.tried[sum] = true
		c.At, c.Pending = at, len(r.pending)
		if err := do(c); err != nil {
			return err
		}
	}
	return nil
}

// flushed makes the pending writes of a disk safe.
func (r *Replay) flushed(disk int) {
	rest := r.pending[:0]
	for _, w := range r.pending {
		if w.Disk != disk {
			rest = append(rest, w)
			continue
		}
		copy(r.disks[disk][w.Offset:], w.Data)
		r.applied += w.id
	}
	r.pending = rest
}

// Image calls put with the pieces that make up a disk after a cut, in order:
// later pieces cover earlier ones. Parts without a piece are zero.
func (r *Replay) Image(c Cut, disk int, put func(offset int64, data []byte) error) error {
	const piece = 64 << 10
	image := r.disks[disk]
	for at := 0; at < len(image); at += piece {
		data := image[at:min(at+piece, len(image))]
		if isZero(data) {
			continue
		}
		if err := put(int64(at), data); err != nil {
			return err
		}
	}
	for i, w := range r.pending {
		if c.keep[i] && w.Disk == disk {
			if err := put(w.Offset, w.Data); err != nil {
				return err
			}
		}
	}
	return nil
}

func isZero(data []byte) bool {
	for _, b := range data {
		if b != 0 {
			return false
		}
	}
	return true
}
