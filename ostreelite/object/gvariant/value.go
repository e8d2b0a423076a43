package gvariant

import (
	"encoding/binary"
)

// Value is a serialised value that is known to be in normal form. It refers to
// the bytes it was parsed from. The accessors are for the type they name; on
// another type their result has no meaning (they panic as a slice does).
type Value struct {
	typ  *Type
	data []byte
}

// Parse checks that data is the normal form of a value of type t.
// The error is an ErrNotNormal.
func Parse(t *Type, data []byte) (Value, error) {
	if err := check(t, data, 0); err != nil {
		return Value{}, err
	}
	return Value{t, data}, nil
}

// Type is the type of the value.
func (v Value) Type() *Type { return v.typ }

// Bytes is the serialised value; for "ay" that is its content.
func (v Value) Bytes() []byte { return v.data }

// Str is the text of a string, object path or signature.
func (v Value) Str() string { return string(v.data[:len(v.data)-1]) }

// Byte is the value of a "y" or "b".
func (v Value) Byte() byte { return v.data[0] }

// BE32 and BE64 read a number that was stored big-endian.
func (v Value) BE32() uint32 { return binary.BigEndian.Uint32(v.data) }

// BE64 reads a 64-bit number that was stored big-endian.
func (v Value) BE64() uint64 { return binary.BigEndian.Uint64(v.data) }

// LE32 reads a 32-bit number that was stored little-endian.
func (v Value) LE32() uint32 { return binary.LittleEndian.Uint32(v.data) }

// LE64 reads a 64-bit number that was stored little-endian.
func (v Value) LE64() uint64 { return binary.LittleEndian.Uint64(v.data) }

// Variant is what a "v" holds.
func (v Value) Variant() Value {
	t, body, err := splitVariant(v.data)
	if err != nil {
		return Value{}
	}
	return Value{t, body}
}

// Len is the number of elements of an array or members of a tuple.
func (v Value) Len() int {
	if v.typ.kind != 'a' {
		return len(v.typ.elems)
	}
	if elem := v.typ.elems[0]; elem.size > 0 {
		return len(v.data) / elem.size
	}
	if len(v.data) == 0 {
		return 0
	}
	w := offsetSize(len(v.data))
	return (len(v.data) - readOffset(v.data, len(v.data)-w, w)) / w
}

// At is the i-th element of an array or member of a tuple.
func (v Value) At(i int) Value {
	if v.typ.kind == 'a' {
		return v.element(i)
	}
	return v.member(i)
}

func (v Value) element(i int) Value {
	elem := v.typ.elems[0]
	if elem.size > 0 {
		return Value{elem, v.data[i*elem.size : (i+1)*elem.size]}
	}
	w := offsetSize(len(v.data))
	table := readOffset(v.data, len(v.data)-w, w)
	start := 0
	if i > 0 {
		start = alignUp(readOffset(v.data, table+(i-1)*w, w), elem.align)
	}
	return Value{elem, v.data[start:readOffset(v.data, table+i*w, w)]}
}

func (v Value) member(i int) Value {
	w, end, limit := offsetSize(len(v.data)), 0, len(v.data)
	for j, elem := range v.typ.elems {
		start := alignUp(end, elem.align)
		switch {
		case elem.size > 0:
			end = start + elem.size
		case j == len(v.typ.elems)-1:
			end = limit
		default:
			limit -= w
			end = readOffset(v.data, limit, w)
		}
		if j == i {
			return Value{elem, v.data[start:end]}
		}
	}
	return Value{}
}

// Lookup finds key in a vardict ("a{sv}") and gives what its variant holds.
func (v Value) Lookup(key string) (Value, bool) {
	for i := range v.Len() {
		if e := v.At(i); e.At(0).Str() == key {
			return e.At(1).Variant(), true
		}
	}
	return Value{}, false
}
