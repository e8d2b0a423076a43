package tuf

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// maxDepth bounds the nesting of a document. Real metadata nests less than ten deep.
const maxDepth = 100

// Canonical returns the canonical form of a JSON text, over which the factory dialect signs and hashes: members sorted
// by the bytes of their names, no white space, integers as they are written.
//
// Strings have ordinary JSON escapes and no others: \" \\ \b \f \n \r \t, and \u with four lower-case hexadecimal digits
// for other control characters and for everything beyond ASCII (as a surrogate pair beyond U+FFFF). A number with a
// fraction or an exponent is written with 17 significant digits. This is what the C++ client's JSON library (jsoncpp)
// emits, hence what signatures in the field were made for. It is not OLPC canonical JSON.
//
// Refused with ErrInvalid is what has more than one reading: invalid UTF-8, a lone surrogate, two members of one name,
// a number beyond the range of a double, text after the value; and nesting deeper than 100.
func Canonical(data []byte) ([]byte, error) {
	out, err := canonical(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return out, nil
}

func canonical(data []byte) ([]byte, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("not valid UTF-8")
	}
	if !json.Valid(data) {
		return nil, errors.New("not valid JSON")
	}
	c := canonicalizer{in: data, out: make([]byte, 0, len(data))}
	if err := c.value(0); err != nil {
		return nil, err
	}
	return c.out, nil
}

// canonicalizer walks a text that is known to be valid JSON, so it does not check the grammar again. Most metadata is in
// order already and comes out in one pass; members out of order are moved once their object is complete.
type canonicalizer struct {
	in      []byte
	pos     int
	out     []byte
	members []member // of the objects that are open, innermost last
	scratch []byte
}

// member is a part of the output: a quoted name, a colon and a value.
type member struct {
	name     []byte // without quotes and escapes
	from, to int
}

func (c *canonicalizer) peek() byte {
	for {
		switch b := c.in[c.pos]; b {
		case ' ', '\t', '\n', '\r':
			c.pos++
		default:
			return b
		}
	}
}

func (c *canonicalizer) value(depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("nested deeper than %d", maxDepth)
	}
	switch c.peek() {
	case '{':
		return c.object(depth)
	case '[':
		return c.array(depth)
	case '"':
		_, err := c.str()
		return err
	}
	return c.scalar()
}

func (c *canonicalizer) object(depth int) error {
	base, sorted := len(c.members), true
	c.pos++
	c.out = append(c.out, '{')
	start := len(c.out)
	for c.peek() != '}' {
		if c.in[c.pos] == ',' {
			c.pos++
			c.peek()
			c.out = append(c.out, ',')
		}
		m := member{from: len(c.out)}
		var err error
		if m.name, err = c.str(); err != nil {
			return err
		}
		c.peek()
		c.pos++ // the colon
		c.out = append(c.out, ':')
		if err := c.value(depth + 1); err != nil {
			return err
		}
		m.to = len(c.out)
		if n := len(c.members); n > base && bytes.Compare(c.members[n-1].name, m.name) >= 0 {
			sorted = false
		}
		c.members = append(c.members, m)
	}
	c.pos++
	if !sorted {
		if err := c.sort(c.members[base:], start); err != nil {
			return err
		}
	}
	c.members = c.members[:base]
	c.out = append(c.out, '}')
	return nil
}

// sort puts the members, which take all of the output from start, in order.
func (c *canonicalizer) sort(members []member, start int) error {
	slices.SortFunc(members, func(a, b member) int { return bytes.Compare(a.name, b.name) })
	for i := 1; i < len(members); i++ {
		if name := members[i].name; bytes.Equal(members[i-1].name, name) {
			return fmt.Errorf("member %.64q appears twice in one object", name)
		}
	}
	c.scratch = append(c.scratch[:0], c.out[start:]...)
	c.out = c.out[:start]
	for i, m := range members {
		if i > 0 {
			c.out = append(c.out, ',')
		}
		c.out = append(c.out, c.scratch[m.from-start:m.to-start]...)
	}
	return nil
}

func (c *canonicalizer) array(depth int) error {
	c.pos++
	c.out = append(c.out, '[')
	for c.peek() != ']' {
		if c.in[c.pos] == ',' {
			c.pos++
			c.out = append(c.out, ',')
		}
		if err := c.value(depth + 1); err != nil {
			return err
		}
	}
	c.pos++
	c.out = append(c.out, ']')
	return nil
}

// scalar copies true, false, null and integers, and rewrites other numbers.
func (c *canonicalizer) scalar() error {
	token := scalarToken(c.in[c.pos:])
	c.pos += len(token)
	if b := token[0]; b != '-' && (b < '0' || b > '9') || !bytes.ContainsAny(token, ".eE") {
		c.out = append(c.out, token...)
		return nil
	}
	f, err := strconv.ParseFloat(string(token), 64)
	if err != nil || math.IsInf(f, 0) {
		return fmt.Errorf("number %s is out of range", token)
	}
	from := len(c.out)
	c.out = strconv.AppendFloat(c.out, f, 'g', 17, 64)
	if !bytes.ContainsAny(c.out[from:], ".e") {
		c.out = append(c.out, ".0"...)
	}
	return nil
}
