package gvariant

import (
	"errors"
	"fmt"
)

// maxTypeLen bounds what a hostile variant can make the parser allocate.
const maxTypeLen = 4096

// Type is a parsed definite type string.
type Type struct {
	text  string
	kind  byte // first character of the text
	align int  // 1, 2, 4 or 8
	size  int  // bytes of a fixed-size type, 0 when the size varies
	elems []*Type
}

// MustType parses a type string that is known to be good.
// It is for constant tables and panics on a bad one.
func MustType(text string) *Type {
	t, err := ParseType(text)
	if err != nil {
		panic(err)
	}
	return t
}

// ParseType parses one complete definite type string, such as "a{sv}".
func ParseType(text string) (*Type, error) {
	if len(text) > maxTypeLen {
		return nil, fmt.Errorf("%w: type string too long", ErrNotNormal)
	}
	t, rest, err := parseType(text, 0)
	if err != nil {
		return nil, err
	}
	if rest != "" {
		return nil, fmt.Errorf("%w: type string has a tail", ErrNotNormal)
	}
	return t, nil
}

// String is the type string.
func (t *Type) String() string { return t.text }

// Elem is the element type of an array or maybe, or a member of a tuple.
func (t *Type) Elem(i int) *Type { return t.elems[i] }

var errType = errors.New("bad type string")

// basicTypes are shared: a hostile type string may name millions.
var basicTypes = func() (types [256]*Type) {
	for _, b := range []struct {
		kinds string
		size  int // and alignment; 0 when the size varies
	}{{"by", 1}, {"nq", 2}, {"iuh", 4}, {"xtd", 8}, {"sog", 0}} {
		for i, kind := range []byte(b.kinds) {
			types[kind] = &Type{text: b.kinds[i : i+1], kind: kind, align: max(b.size, 1), size: b.size}
		}
	}
	return types
}()

func parseType(text string, depth int) (*Type, string, error) {
	if text == "" || depth > maxDepth {
		return nil, "", fmt.Errorf("%w: %w", ErrNotNormal, errType)
	}
	if t := basicTypes[text[0]]; t != nil {
		return t, text[1:], nil
	}
	t := &Type{kind: text[0], align: 1}
	rest := text[1:]
	switch text[0] {
	case 'v':
		t.align = 8
	case 'a', 'm':
		elem, tail, err := parseType(rest, depth+1)
		if err != nil {
			return nil, "", err
		}
		t.align, t.elems, rest = elem.align, []*Type{elem}, tail
	case '(', '{':
		tail, err := t.parseMembers(rest, depth)
		if err != nil {
			return nil, "", err
		}
		rest = tail
	default:
		return nil, "", fmt.Errorf("%w: %w", ErrNotNormal, errType)
	}
	t.text = text[:len(text)-len(rest)]
	return t, rest, nil
}

// parseMembers reads the members of a tuple or dictionary entry up to and
// including the closing bracket.
func (t *Type) parseMembers(rest string, depth int) (string, error) {
	closing := byte(')')
	if t.kind == '{' {
		closing = '}'
	}
	for rest == "" || rest[0] != closing {
		elem, tail, err := parseType(rest, depth+1)
		if err != nil {
			return "", err
		}
		t.elems, rest = append(t.elems, elem), tail
		t.align = max(t.align, elem.align)
	}
	if t.kind == '{' && (len(t.elems) != 2 || !t.elems[0].basic()) {
		return "", fmt.Errorf("%w: %w", ErrNotNormal, errType)
	}
	t.size = t.fixedTupleSize()
	return rest[1:], nil
}

// fixedTupleSize is 0 when any member varies in size. The unit tuple is one
// byte, so that an array of it has a length.
func (t *Type) fixedTupleSize() int {
	if len(t.elems) == 0 {
		return 1
	}
	size := 0
	for _, e := range t.elems {
		if e.size == 0 {
			return 0
		}
		size = alignUp(size, e.align) + e.size
	}
	return alignUp(size, t.align)
}

func (t *Type) basic() bool {
	switch t.kind {
	case 'a', 'm', '(', '{', 'v':
		return false
	}
	return true
}

func alignUp(n, align int) int { return (n + align - 1) &^ (align - 1) }
