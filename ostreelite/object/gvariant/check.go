package gvariant

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// check reports whether data is the normal form of some value of type t.
func check(t *Type, data []byte, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("%w: nested too deeply", ErrNotNormal)
	}
	if t.size > 0 && len(data) != t.size {
		return notNormal(t)
	}
	switch t.kind {
	case 'b':
		if data[0] > 1 {
			return notNormal(t)
		}
	case 's', 'o', 'g':
		return checkString(t, data)
	case 'v':
		return checkVariant(t, data, depth)
	case 'm':
		return checkMaybe(t, data, depth)
	case 'a':
		return checkArray(t, data, depth)
	case '(', '{':
		return checkTuple(t, data, depth)
	}
	return nil
}

func notNormal(t *Type) error { return fmt.Errorf("%w: bad value of type %s", ErrNotNormal, t.text) }

func checkString(t *Type, data []byte) error {
	if len(data) == 0 || bytes.IndexByte(data, 0) != len(data)-1 || !utf8.Valid(data) {
		return notNormal(t)
	}
	if t.kind == 'o' && !validObjectPath(string(data[:len(data)-1])) {
		return notNormal(t)
	}
	if t.kind == 'g' {
		for text := string(data[:len(data)-1]); text != ""; {
			_, rest, err := parseType(text, 0)
			if err != nil {
				return err
			}
			text = rest
		}
	}
	return nil
}

func validObjectPath(path string) bool {
	if path == "/" {
		return true
	}
	rest, ok := strings.CutPrefix(path, "/")
	if !ok {
		return false
	}
	for part := range strings.SplitSeq(rest, "/") {
		if part == "" || strings.Trim(part, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			return false
		}
	}
	return true
}

func checkVariant(t *Type, data []byte, depth int) error {
	inner, body, err := splitVariant(data)
	if err != nil {
		return notNormal(t)
	}
	return check(inner, body, depth+1)
}

// splitVariant takes a variant apart: the value, a zero byte, its type string.
func splitVariant(data []byte) (*Type, []byte, error) {
	i := bytes.LastIndexByte(data, 0)
	if i < 0 {
		return nil, nil, ErrNotNormal
	}
	t, err := ParseType(string(data[i+1:]))
	return t, data[:i], err
}

func checkMaybe(t *Type, data []byte, depth int) error {
	if len(data) == 0 {
		return nil
	}
	if t.elems[0].size == 0 {
		if data[len(data)-1] != 0 {
			return notNormal(t)
		}
		data = data[:len(data)-1]
	}
	return check(t.elems[0], data, depth+1)
}

func checkArray(t *Type, data []byte, depth int) error {
	elem := t.elems[0]
	if elem.size > 0 {
		if len(data)%elem.size != 0 {
			return notNormal(t)
		}
		if elem.basic() && elem.kind != 'b' {
			return nil
		}
		for ; len(data) > 0; data = data[elem.size:] {
			if err := check(elem, data[:elem.size], depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	if len(data) == 0 {
		return nil
	}
	w := offsetSize(len(data))
	table := readOffset(data, len(data)-w, w)
	if table < 0 || table >= len(data) || (len(data)-table)%w != 0 {
		return notNormal(t)
	}
	end := 0
	for pos := table; pos < len(data); pos += w {
		start := alignUp(end, elem.align)
		next := readOffset(data, pos, w)
		if next < start || next > table || !zero(data[end:start]) {
			return notNormal(t)
		}
		if err := check(elem, data[start:next], depth+1); err != nil {
			return err
		}
		end = next
	}
	return checkFraming(t, len(data), end, (len(data)-table)/w, w)
}

func checkTuple(t *Type, data []byte, depth int) error {
	if len(t.elems) == 0 {
		if data[0] != 0 {
			return notNormal(t)
		}
		return nil
	}
	w, end, limit, offsets := offsetSize(len(data)), 0, len(data), 0
	for i, elem := range t.elems {
		start := alignUp(end, elem.align)
		var next int
		switch {
		case elem.size > 0:
			next = start + elem.size
		case i == len(t.elems)-1:
			next = limit
		default:
			if limit -= w; w == 0 || limit < start {
				return notNormal(t)
			}
			next = readOffset(data, limit, w)
			offsets++
		}
		if next < start || next > limit || !zero(data[end:start]) {
			return notNormal(t)
		}
		if err := check(elem, data[start:next], depth+1); err != nil {
			return err
		}
		end = next
	}
	if t.size > 0 {
		if !zero(data[end:]) {
			return notNormal(t)
		}
		return nil
	}
	if end != limit {
		return notNormal(t)
	}
	return checkFraming(t, len(data), end, offsets, w)
}

// checkFraming refuses a container whose offsets are wider than they need be.
func checkFraming(t *Type, size, body, offsets, width int) error {
	want, w := framedSize(body, offsets)
	if want != size || offsets > 0 && w != width {
		return notNormal(t)
	}
	return nil
}

func zero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
