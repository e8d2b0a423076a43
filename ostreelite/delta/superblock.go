package delta

import (
	"encoding/binary"

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
	size     int64 // of the part
	unpacked int64 // of the objects
	objects  view  // what it makes, in this order
	inline   *view // the part itself, if it is in the superblock
}

// fallback is an object that the delta leaves to be fetched as such.
type fallback struct {
	object.Name
	packed, unpacked int64
}

// The members of the types that are taken apart here.
var (
	superblockType = []member{{8, 0}, {8, 8}, {1, 0}, {1, 0}, {8, 0}, {1, 0}, {8, 0}, {8, 0}} // (a{sv}tayay(...)aya(uayttay)a(yaytt))
	signedType     = []member{{8, 8}, {1, 0}, {8, 0}}                                         // (taya{sv})
	partType       = []member{{4, 4}, {1, 0}, {8, 8}, {8, 8}, {1, 0}}                         // (uayttay)
	fallbackType   = []member{{1, 1}, {1, 0}, {8, 8}, {8, 8}}                                 // (yaytt)
	entryType      = []member{{1, 0}, {8, 0}}                                                 // {sv}
)

// signedMagic begins a superblock that is wrapped up together with signatures of
// it (OSTREE_STATIC_DELTA_SIGNED_FORMAT).
const signedMagic = "OSTSGNDT"

// parseSuperblock reads a superblock. What it gives refers to v.
func parseSuperblock(v view) (*superblock, error) {
	v, err := unwrap(v)
	if err != nil {
		return nil, err
	}
	top, err := v.tuple(superblockType...)
	if err != nil {
		return nil, err
	}
	s := &superblock{}
	if top[2].size > 0 {
		if s.from, err = checksum(top[2]); err != nil {
			return nil, err
		}
	}
	if s.to, err = checksum(top[3]); err != nil {
		return nil, err
	}
	meta, err := s.metadata(top[0])
	if err != nil {
		return nil, err
	}
	sizes, err := s.readParts(top[6], meta)
	if err != nil {
		return nil, err
	}
	more, err := s.readFallbacks(top[7])
	if err != nil {
		return nil, err
	}
	return s, decode(append(sizes, more...), meta.order)
}

// unwrap takes the signatures off.
func unwrap(v view) (view, error) {
	magic := make([]byte, len(signedMagic))
	if err := v.read(magic, 0); err != nil {
		return v, err
	}
	if string(magic) != signedMagic {
		return v, nil
	}
	signed, err := v.tuple(signedType...)
	if err != nil {
		return v, err
	}
	return signed[1], nil
}

func (s *superblock) readParts(v view, meta metadata) ([]number, error) {
	l, err := v.list(8)
	if err != nil {
		return nil, err
	}
	if l.n > maxParts {
		return nil, malformed("%d parts", l.n)
	}
	s.parts = make([]part, l.n)
	var numbers []number
	for i := range s.parts {
		p := &s.parts[i]
		e, err := l.at(int64(i))
		if err != nil {
			return nil, err
		}
		m, err := e.tuple(partType...)
		if err != nil {
			return nil, err
		}
		var raw [4]byte
		if err := m[0].read(raw[:], 0); err != nil {
			return nil, err
		}
		if raw != [4]byte{} {
			return nil, malformed("part %d of an unknown version", i)
		}
		if p.checksum, err = checksum(m[1]); err != nil {
			return nil, err
		}
		p.number, p.objects, p.inline = i, m[4], meta.parts[i]
		if p.objects.size%int64(entrySize) != 0 {
			return nil, malformed("part %d has %d bytes of objects", i, p.objects.size)
		}
		if numbers, err = readNumbers(numbers, m[2:4], &p.size, &p.unpacked); err != nil {
			return nil, err
		}
	}
	return numbers, nil
}

func (s *superblock) readFallbacks(v view) ([]number, error) {
	l, err := v.list(8)
	if err != nil {
		return nil, err
	}
	if l.n > maxFallbacks {
		return nil, malformed("%d fallback objects", l.n)
	}
	s.fallbacks = make([]fallback, l.n)
	var numbers []number
	for i := range s.fallbacks {
		f := &s.fallbacks[i]
		e, err := l.at(int64(i))
		if err != nil {
			return nil, err
		}
		m, err := e.tuple(fallbackType...)
		if err != nil {
			return nil, err
		}
		var typ [1]byte
		if err := m[0].read(typ[:], 0); err != nil {
			return nil, err
		}
		f.Type = object.Type(typ[0])
		if f.Checksum, err = checksum(m[1]); err != nil {
			return nil, err
		}
		if numbers, err = readNumbers(numbers, m[2:4], &f.packed, &f.unpacked); err != nil {
			return nil, err
		}
	}
	return numbers, nil
}

func checksum(v view) (c object.Checksum, err error) {
	if v.size != int64(len(c)) {
		return c, malformed("checksum of %d bytes", v.size)
	}
	return c, v.read(c[:], 0)
}

// number is a size whose byte order is not known yet.
type number struct {
	raw [8]byte
	to  *int64
}

func readNumbers(list []number, from []view, to ...*int64) ([]number, error) {
	for i, v := range from {
		n := number{to: to[i]}
		if err := v.read(n.raw[:], 0); err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, nil
}

// decode reads the sizes in the byte order of the machine that made the delta. One
// that does not say which it was, as old ones do not, had the order in which the
// sizes make sense: in the other they are astronomical.
func decode(numbers []number, order binary.ByteOrder) error {
	if order == nil {
		var little, big float64
		for _, n := range numbers {
			little += float64(binary.LittleEndian.Uint64(n.raw[:]))
			big += float64(binary.BigEndian.Uint64(n.raw[:]))
		}
		order = binary.LittleEndian
		if big < little {
			order = binary.BigEndian
		}
	}
	for _, n := range numbers {
		v := order.Uint64(n.raw[:])
		if v > maxSize {
			return malformed("size %d", v)
		}
		*n.to = int64(v)
	}
	return nil
}
