package delta

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// file is where views lie. It keeps the first error that reading from them gave,
// so that one look at the end tells whether everything before was right.
type file struct {
	r   io.ReaderAt
	err error
}

func (f *file) fail(err error) {
	if f.err == nil {
		f.err = err
	}
}

// view is a serialised GVariant in a file, of which only what is asked for is
// read (GVariant Specification, "Serialisation Format"). Unlike package gvariant
// it does not insist on the normal form, whose check has to read everything:
// whatever comes out of a view lies within it, and that is all that is promised.
// What cannot be had is empty or zero, and an error in the file.
type view struct {
	*file
	off, size int64
}

func newView(r io.ReaderAt, size int64) view { return view{&file{r: r}, 0, size} }

func malformed(what string) error { return fmt.Errorf("%w: %s", ErrMalformed, what) }

// bad is err as the delta's fault.
func bad(err error) error { return fmt.Errorf("%w: %w", ErrMalformed, err) }

// sub is the part of a view from start to end.
func (v view) sub(start, end int64) view {
	if start < 0 || end < start || end > v.size {
		v.fail(malformed("value out of bounds"))
		return view{file: v.file}
	}
	return view{v.file, v.off + start, end - start}
}

func (v view) reader() *io.SectionReader { return io.NewSectionReader(v.r, v.off, v.size) }

// bytes is all of the view, which must not be larger than limit.
func (v view) bytes(limit int64) []byte {
	if v.size > limit {
		v.fail(malformed("value too large"))
		return nil
	}
	b := make([]byte, v.size)
	v.read(b, 0)
	return b
}

// read fills p from offset off.
func (v view) read(p []byte, off int64) {
	if off < 0 || off > v.size || int64(len(p)) > v.size-off {
		v.fail(malformed("value ends early"))
		return
	}
	n, err := v.r.ReadAt(p, v.off+off)
	if n == len(p) {
		return
	}
	clear(p)
	if err == io.EOF {
		err = malformed("file ends early")
	}
	v.fail(err)
}

func (v view) byte() byte {
	var b [1]byte
	v.read(b[:], 0)
	return b[0]
}

// uint64 is a number that was stored little-endian.
func (v view) uint64() uint64 {
	var b [8]byte
	v.read(b[:min(v.size, 8)], 0)
	return binary.LittleEndian.Uint64(b[:])
}

func (v view) checksum() (c object.Checksum) {
	if v.size != int64(len(c)) {
		v.fail(malformed("checksum has another size"))
		return c
	}
	v.read(c[:], 0)
	return c
}

// width is the size of the offsets in a container.
func (v view) width() int64 {
	switch {
	case v.size <= math.MaxUint8:
		return 1
	case v.size <= math.MaxUint16:
		return 2
	case v.size <= math.MaxUint32:
		return 4
	}
	return 8
}

// offset reads one of the offsets in a container.
func (v view) offset(pos int64) int64 {
	var b [8]byte
	v.read(b[:v.width()], pos)
	n := binary.LittleEndian.Uint64(b[:])
	if n > uint64(v.size) {
		v.fail(malformed("offset beyond the end"))
		return 0
	}
	return int64(n)
}

// tuple takes a tuple apart. The letters of members tell what matters of the type
// of each: y, u and t are numbers of 1, 4 and 8 bytes; a, i and v vary in size and
// are aligned to 1, 4 and 8 bytes.
func (v view) tuple(members string) []view {
	out := make([]view, len(members))
	var end int64
	limit := v.size
	for i := range members {
		align, size := layout(members[i])
		start := alignUp(end, align)
		switch {
		case size > 0:
			end = start + size
		case i == len(members)-1:
			end = limit
		default:
			limit -= v.width()
			end = v.offset(limit)
		}
		if end > limit {
			v.fail(malformed("tuple overlaps its offsets"))
		}
		out[i] = v.sub(start, end)
	}
	return out
}

func layout(member byte) (align, size int64) {
	switch member {
	case 'y':
		return 1, 1
	case 'u':
		return 4, 4
	case 't':
		return 8, 8
	case 'i':
		return 4, 0
	case 'v':
		return 8, 0
	}
	return 1, 0
}

// list is an array of elements that vary in size.
type list struct {
	view
	align, table, n int64
}

// list takes an array apart.
func (v view) list(align int64) list {
	l := list{view: v, align: align}
	if v.size == 0 {
		return l
	}
	w := v.width()
	l.table = v.offset(v.size - w)
	if l.table >= v.size || (v.size-l.table)%w != 0 {
		v.fail(malformed("bad table of offsets"))
		return l
	}
	l.n = (v.size - l.table) / w
	return l
}

// at is an element of the array, which has it.
func (l list) at(i int64) view {
	var start int64
	if i > 0 {
		start = alignUp(l.offset(l.table+(i-1)*l.width()), l.align)
	}
	end := l.offset(l.table + i*l.width())
	if end > l.table {
		l.fail(malformed("element overlaps the table of offsets"))
	}
	return l.sub(start, end)
}

func alignUp(n, align int64) int64 { return (n + align - 1) &^ (align - 1) }
