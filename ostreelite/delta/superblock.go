package delta

import (
	"math/bits"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// The bounds of what a superblock may hold. libostree makes parts of 32 MB, so
// this many are half a terabyte.
const (
	maxParts     = 1 << 14
	maxFallbacks = 1 << 16
	maxEntries   = maxParts + 1<<10
	maxKey       = 1 << 10
	maxSize      = 1 << 46 // of one part or object, in bytes
)

// entrySize is the size of an entry in the list of a part's objects: type and
// checksum.
const entrySize = 1 + len(object.Checksum{})

// superblock is what a superblock says (OSTREE_STATIC_DELTA_SUPERBLOCK_FORMAT).
type superblock struct {
	from, to  object.Checksum
	parts     []part
	fallbacks []fallback
}

// part is the description of a part (OSTREE_STATIC_DELTA_META_ENTRY_FORMAT).
type part struct {
	number   int
	checksum object.Checksum
	packed   uint64 // size of the part, in bytes
	unpacked uint64 // size of the objects
	objects  view   // what it makes, in this order
	inline   view   // the part itself, if it is in the superblock
}

// fallback is an object that the delta leaves to be fetched as such
// (OSTREE_STATIC_DELTA_FALLBACK_FORMAT).
type fallback struct {
	object.Name
	packed, unpacked uint64
}

// The types that are taken apart here, as view.tuple has them.
const (
	superblockType = "vtaavavv" // (a{sv}tayay(...)aya(uayttay)a(yaytt))
	signedType     = "tav"      // (taya{sv})
	partType       = "uatta"    // (uayttay)
	fallbackType   = "yatt"     // (yaytt)
	entryType      = "av"       // {sv}
)

// signedMagic begins a superblock that is wrapped up together with signatures of
// it (OSTREE_STATIC_DELTA_SIGNED_FORMAT).
const signedMagic = "OSTSGNDT"

// parseSuperblock reads a superblock. What it gives refers to v.
func parseSuperblock(v view) (*superblock, error) {
	magic := make([]byte, len(signedMagic))
	v.read(magic, 0)
	if string(magic) == signedMagic {
		v = v.tuple(signedType)[1]
	}
	top := v.tuple(superblockType)
	s := &superblock{to: top[3].checksum()}
	if top[2].size > 0 {
		s.from = top[2].checksum()
	}
	meta := s.metadata(top[0])
	sizes := s.readParts(top[6], meta)
	sizes = append(sizes, s.readFallbacks(top[7])...)
	if v.err == nil && !decode(sizes, meta.order) {
		v.fail(malformed("a size is astronomical"))
	}
	return s, v.err
}

func (s *superblock) readParts(v view, meta metadata) (sizes []*uint64) {
	each(v, maxParts, partType, func(i, n int, m []view) {
		if s.parts == nil {
			s.parts = make([]part, n)
		}
		p := &s.parts[i]
		*p = part{number: i, checksum: m[1].checksum(), packed: m[2].uint64(), unpacked: m[3].uint64(),
			objects: m[4], inline: meta.parts[i]}
		if m[0].uint64() != 0 {
			v.fail(malformed("part of an unknown version"))
		}
		if p.objects.size%int64(entrySize) != 0 {
			v.fail(malformed("bad list of objects"))
		}
		sizes = append(sizes, &p.packed, &p.unpacked)
	})
	return sizes
}

func (s *superblock) readFallbacks(v view) (sizes []*uint64) {
	each(v, maxFallbacks, fallbackType, func(i, n int, m []view) {
		if s.fallbacks == nil {
			s.fallbacks = make([]fallback, n)
		}
		f := &s.fallbacks[i]
		f.Type, f.Checksum = object.Type(m[0].byte()), m[1].checksum()
		f.packed, f.unpacked = m[2].uint64(), m[3].uint64()
		sizes = append(sizes, &f.packed, &f.unpacked)
	})
	return sizes
}

// each takes apart the elements of an array of no more than limit tuples, as long
// as they are right.
func each(v view, limit int64, members string, f func(i, n int, m []view)) {
	l := v.list(8)
	if l.n > limit {
		v.fail(malformed("list too long"))
	}
	for i := int64(0); i < l.n && v.err == nil; i++ {
		f(int(i), int(l.n), l.at(i).tuple(members))
	}
}

// decode puts sizes, which were read little-endian, into the byte order of the
// machine that made the delta. One that does not say which it was, as old ones do
// not, had the order in which the sizes make sense: in the other they are
// astronomical. False means that in the right order they are, too.
func decode(sizes []*uint64, order byte) bool {
	var little, big float64
	for _, n := range sizes {
		little += float64(*n)
		big += float64(bits.ReverseBytes64(*n))
	}
	swap := order == bigEndian || order == 0 && big < little
	for _, n := range sizes {
		if swap {
			*n = bits.ReverseBytes64(*n)
		}
		if *n > maxSize {
			return false
		}
	}
	return true
}
