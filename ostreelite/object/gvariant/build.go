package gvariant

// String serialises an "s". The text must hold no zero byte.
func String(s string) []byte { return append([]byte(s), 0) }

// Variant serialises a "v" around a serialised value of type t.
func Variant(t *Type, data []byte) []byte {
	out := make([]byte, 0, len(data)+1+len(t.text))
	out = append(out, data...)
	out = append(out, 0)
	return append(out, t.text...)
}

// Tuple serialises a tuple or dictionary entry of type t from its serialised
// members, one for each member of t.
func Tuple(t *Type, members ...[]byte) []byte {
	if len(t.elems) == 0 {
		return []byte{0}
	}
	body, offsets := 0, 0
	for i, e := range t.elems {
		body = alignUp(body, e.align) + len(members[i])
		if e.size == 0 && i < len(t.elems)-1 {
			offsets++
		}
	}
	if t.size > 0 {
		body = t.size
	}
	size, width := framedSize(body, offsets)
	out := make([]byte, 0, size)
	ends := make([]int, 0, 8)
	for i, e := range t.elems {
		out = pad(out, e.align)
		out = append(out, members[i]...)
		if e.size == 0 && i < len(t.elems)-1 {
			ends = append(ends, len(out))
		}
	}
	if t.size > 0 {
		return pad(out, t.align)
	}
	for i := len(ends) - 1; i >= 0; i-- {
		out = appendOffset(out, ends[i], width)
	}
	return out
}

// Array serialises an array of type t from its serialised elements.
func Array(t *Type, elems ...[]byte) []byte {
	elem := t.elems[0]
	body := 0
	for _, e := range elems {
		body = alignUp(body, elem.align) + len(e)
	}
	if elem.size > 0 {
		out := make([]byte, 0, body)
		for _, e := range elems {
			out = append(out, e...)
		}
		return out
	}
	size, width := framedSize(body, len(elems))
	out := make([]byte, 0, size)
	ends := make([]int, 0, len(elems))
	for _, e := range elems {
		out = pad(out, elem.align)
		out = append(out, e...)
		ends = append(ends, len(out))
	}
	for _, end := range ends {
		out = appendOffset(out, end, width)
	}
	return out
}

func pad(b []byte, align int) []byte {
	for len(b)%align != 0 {
		b = append(b, 0)
	}
	return b
}
