package delta

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// view is a serialised GVariant in a file, of which only what is asked for is
// read (GVariant Specification, "Serialisation Format"). Unlike package gvariant
// it does not insist on the normal form, whose check has to read everything:
// whatever comes out of a view lies within it, and that is all that is promised.
type view struct {
	r         io.ReaderAt
	off, size int64
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrMalformed}, args...)...)
}

// sub is the part of a view from start to end.
func (v view) sub(start, end int64) (view, error) {
	if start < 0 || end < start || end > v.size {
		return view{}, malformed("value from %d to %d of %d bytes", start, end, v.size)
	}
	return view{v.r, v.off + start, end - start}, nil
}

func (v view) reader() *io.SectionReader { return io.NewSectionReader(v.r, v.off, v.size) }

// bytes is all of the view, which must not be larger than limit.
func (v view) bytes(limit int64) ([]byte, error) {
	if v.size > limit {
		return nil, malformed("value of %d bytes, more than %d", v.size, limit)
	}
	b := make([]byte, v.size)
	return b, v.read(b, 0)
}

// read fills p from offset off.
func (v view) read(p []byte, off int64) error {
	if off < 0 || int64(len(p)) > v.size || off > v.size-int64(len(p)) {
		return malformed("value ends early")
	}
	n, err := v.r.ReadAt(p, v.off+off)
	if n == len(p) {
		return nil
	}
	if err == io.EOF {
		return malformed("file ends early")
	}
	return err
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
func (v view) offset(pos int64) (int64, error) {
	var b [8]byte
	if err := v.read(b[:v.width()], pos); err != nil {
		return 0, err
	}
	n := binary.LittleEndian.Uint64(b[:])
	if n > uint64(v.size) {
		return 0, malformed("offset beyond the end")
	}
	return int64(n), nil
}

// member is the type of a member of a tuple: its alignment, and its size or 0 if
// that varies.
type member struct{ align, size int64 }

// tuple takes a tuple apart.
func (v view) tuple(members ...member) ([]view, error) {
	out := make([]view, len(members))
	var end int64
	limit := v.size
	for i, m := range members {
		start := alignUp(end, m.align)
		var err error
		switch {
		case m.size > 0:
			end = start + m.size
		case i == len(members)-1:
			end = limit
		default:
			limit -= v.width()
			end, err = v.offset(limit)
		}
		if err == nil && end > limit {
			err = malformed("tuple overlaps its offsets")
		}
		if err == nil {
			out[i], err = v.sub(start, end)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// list is an array of elements that vary in size.
type list struct {
	view
	align, table, n int64
}

// list takes an array apart.
func (v view) list(align int64) (list, error) {
	if v.size == 0 {
		return list{view: v}, nil
	}
	w := v.width()
	table, err := v.offset(v.size - w)
	if err != nil {
		return list{}, err
	}
	if table >= v.size || (v.size-table)%w != 0 {
		return list{}, malformed("bad table of offsets")
	}
	return list{v, align, table, (v.size - table) / w}, nil
}

// at is an element of the array.
func (l list) at(i int64) (view, error) {
	if i < 0 || i >= l.n {
		return view{}, malformed("element %d of %d", i, l.n)
	}
	var start int64
	if i > 0 {
		before, err := l.offset(l.table + (i-1)*l.width())
		if err != nil {
			return view{}, err
		}
		start = alignUp(before, l.align)
	}
	end, err := l.offset(l.table + i*l.width())
	if err != nil {
		return view{}, err
	}
	if end > l.table {
		return view{}, malformed("element overlaps the table of offsets")
	}
	return l.sub(start, end)
}

func alignUp(n, align int64) int64 { return (n + align - 1) &^ (align - 1) }
