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
	payloadType = "iaaa" // (a(uuu)aa(ayay)ayay)
	modeSize    = 12
	// maxHeaders bounds how many headers are kept, maxKept the size of each.
	maxHeaders = 1 << 8
	maxKept    = 1 << 10
)

func parsePayload(v view) (*payload, error) {
	m := v.tuple(payloadType)
	return &payload{modes: m[0], xattrs: m[1].list(1), data: m[2], ops: m[3],
		headers: map[headerKey]object.FileHeader{}}, v.err
}

// header makes a content header of an entry of each of the two tables.
func (p *payload) header(mode, xattrs uint64) (*object.FileHeader, error) {
	key := headerKey{mode, xattrs}
	if h, ok := p.headers[key]; ok {
		return &h, nil
	}
	if mode >= uint64(p.modes.size/modeSize) || xattrs >= uint64(p.xattrs.n) {
		return nil, malformed("no such mode or attributes")
	}
	// Behind each other the two are "(uuua(ayay))".
	list := p.xattrs.at(int64(xattrs)).bytes(object.MaxHeaderSize)
	meta := make([]byte, modeSize, modeSize+len(list))
	p.modes.read(meta, int64(mode)*modeSize)
	if p.modes.err != nil {
		return nil, p.modes.err
	}
	h, err := object.ParseMeta(append(meta, list...))
	if err != nil {
		return nil, bad(err)
	}
	if len(p.headers) < maxHeaders && len(list) <= maxKept {
		p.headers[key] = *h
	}
	return h, nil
}

// section is a piece of the data.
func (p *payload) section(offset, size uint64) view {
	if all := uint64(p.data.size); size > all || offset > all-size {
		// An end beyond all of it is refused there.
		return p.data.sub(0, p.data.size+1)
	}
	return p.data.sub(int64(offset), int64(offset+size))
}
