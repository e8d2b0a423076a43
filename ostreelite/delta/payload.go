package delta

import (
	"github.com/sotabox/sotabox/ostreelite/object"
)

// payload is the unpacked content of a part
// (OSTREE_STATIC_DELTA_PART_PAYLOAD_FORMAT_V0).
type payload struct {
	modes  view // of 12 bytes each: owner, group and mode, big-endian
	xattrs list // of lists of attributes
	data   view // what the program reads
	ops    view // the program
	// headers are those made before, most parts need only a few.
	headers map[headerKey]object.FileHeader
}

type headerKey struct{ mode, xattrs uint64 }

const (
	modeSize = 12
	// maxHeaders bounds how many headers are kept, maxKept the size of each.
	maxHeaders = 1 << 8
	maxKept    = 1 << 10
)

var payloadType = []member{{4, 0}, {1, 0}, {1, 0}, {1, 0}} // (a(uuu)aa(ayay)ayay)

func parsePayload(v view) (*payload, error) {
	m, err := v.tuple(payloadType...)
	if err != nil {
		return nil, err
	}
	p := &payload{modes: m[0], data: m[2], ops: m[3], headers: map[headerKey]object.FileHeader{}}
	if p.modes.size%modeSize != 0 {
		return nil, malformed("table of modes has %d bytes", p.modes.size)
	}
	p.xattrs, err = m[1].list(1)
	return p, err
}

// header makes a content header of an entry of each of the two tables.
func (p *payload) header(mode, xattrs uint64) (*object.FileHeader, error) {
	key := headerKey{mode, xattrs}
	if h, ok := p.headers[key]; ok {
		return &h, nil
	}
	if mode >= uint64(p.modes.size/modeSize) || xattrs >= uint64(p.xattrs.n) {
		return nil, malformed("no entry %d, %d in the tables of modes and attributes", mode, xattrs)
	}
	list, err := p.xattrs.at(int64(xattrs))
	if err != nil {
		return nil, err
	}
	if list.size > object.MaxHeaderSize {
		return nil, malformed("attributes of %d bytes", list.size)
	}
	// Behind each other the two are "(uuua(ayay))".
	meta := make([]byte, modeSize+list.size)
	if err := p.modes.read(meta[:modeSize], int64(mode)*modeSize); err != nil {
		return nil, err
	}
	if err := list.read(meta[modeSize:], 0); err != nil {
		return nil, err
	}
	h, err := object.ParseMeta(meta)
	if err != nil {
		return nil, malformed("%w", err)
	}
	if len(p.headers) < maxHeaders && len(meta) <= maxKept {
		p.headers[key] = *h
	}
	return h, nil
}

// section is a piece of the data.
func (p *payload) section(offset, size uint64) (view, error) {
	if size > uint64(p.data.size) || offset > uint64(p.data.size)-size {
		return view{}, malformed("%d bytes at %d of %d", size, offset, p.data.size)
	}
	return p.data.sub(int64(offset), int64(offset+size))
}
