//go:build factory

package delta

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"

	"github.com/ulikunitz/xz"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/object/gvariant"
)

// part is a part in the making: data and a program (OstreeStaticDeltaOpCode).
type part struct {
	objects  []byte
	data     []byte
	ops      []byte
	unpacked int
	modes    table
	xattrs   table
}

// table holds each value once, in order.
type table struct {
	values [][]byte
	index  map[string]int
	bytes  int
}

func (t *table) add(v []byte) int {
	i, ok := t.index[string(v)]
	if !ok {
		i = len(t.values)
		t.values, t.index[string(v)] = append(t.values, v), i
		t.bytes += len(v)
	}
	return i
}

func newPart() *part {
	return &part{modes: table{index: map[string]int{}}, xattrs: table{index: map[string]int{}}}
}

func (p *part) size() int { return len(p.data) + len(p.ops) + p.modes.bytes + p.xattrs.bytes }

// add makes an object the next one that the program makes.
func (p *part) add(n object.Name, unpacked int) {
	p.objects = append(append(p.objects, byte(n.Type)), n.Checksum[:]...)
	p.unpacked += unpacked
}

func (p *part) op(code byte, operands ...int) {
	p.ops = append(p.ops, code)
	for _, n := range operands {
		p.ops = binary.AppendUvarint(p.ops, uint64(n))
	}
}

// put adds bytes to the data and gives their offset.
func (p *part) put(b []byte) int {
	at := len(p.data)
	p.data = append(p.data, b...)
	return at
}

// header adds a content header to the tables and gives where it is there: in its
// serialised form the attributes follow owner, group and mode.
func (p *part) header(h *object.FileHeader) (mode, xattrs int) {
	const modeSize = 12
	meta := h.MarshalMeta()
	return p.modes.add(meta[:modeSize]), p.xattrs.add(meta[modeSize:])
}

func (p *part) spliceMetadata(data []byte) { p.op('S', len(data), p.put(data)) }

// splice makes a file of its data, or a symbolic link of its target.
func (p *part) splice(h *object.FileHeader, data []byte) {
	mode, xattrs := p.header(h)
	p.op('S', mode, xattrs, len(data), p.put(data))
}

// patch makes a file of another one and a patch.
func (p *part) patch(h *object.FileHeader, source object.Checksum, size int, patch []byte) {
	mode, xattrs := p.header(h)
	p.op('r', p.put(source[:]))
	p.op('o', mode, xattrs, size)
	p.op('B', p.put(patch), len(patch))
	p.op('c')
	p.op('R')
}

// copyBlocks makes a file of pieces of another one and of new ones.
func (p *part) copyBlocks(h *object.FileHeader, source object.Checksum, list []segment, data []byte) {
	mode, xattrs := p.header(h)
	from := p.put(source[:])
	p.op('o', mode, xattrs, len(data))
	at, reading := 0, false
	fresh := func(end int) {
		if end == at {
			return
		}
		if reading {
			p.op('R')
			reading = false
		}
		p.op('w', end-at, p.put(data[at:end]))
	}
	for _, s := range list {
		fresh(s.next)
		if !reading {
			p.op('r', from)
			reading = true
		}
		p.op('w', s.n, s.old)
		at = s.next + s.n
	}
	fresh(len(data))
	if reading {
		p.op('R')
	}
	p.op('c')
}

// finished is a part as it is served, and its entry in the superblock.
type finished struct{ data, entry []byte }

var payloadType = gvariant.MustType("(a(uuu)aa(ayay)ayay)")

// finish packs a part. Even one that does not get smaller: libostree 2022.7 cannot
// read a part of more than 16 KiB that is not packed.
func (p *part) finish() (finished, error) {
	if len(p.data) == 0 {
		// libostree 2022.7 fails to make an empty file of no data.
		p.put([]byte{0})
	}
	payload := gvariant.Tuple(payloadType, gvariant.Array(payloadType.Elem(0), p.modes.values...),
		gvariant.Array(payloadType.Elem(1), p.xattrs.values...), p.data, p.ops)
	var packed bytes.Buffer
	packed.WriteByte('x')
	w, err := xz.WriterConfig{DictCap: max(min(len(payload), 32<<20), 1<<16)}.NewWriter(&packed)
	if err != nil {
		return finished{}, err
	}
	if _, err := w.Write(payload); err != nil {
		return finished{}, err
	}
	if err := w.Close(); err != nil {
		return finished{}, err
	}
	data := packed.Bytes()
	sum := sha256.Sum256(data)
	return finished{data, gvariant.Tuple(partEntryType, make([]byte, 4), sum[:],
		le64(int64(len(data))), le64(int64(p.unpacked)), p.objects)}, nil
}

func le64(n int64) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(n)) }
