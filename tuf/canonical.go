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

// str writes a string literal and returns the text it stands for.
func (c *canonicalizer) str() ([]byte, error) {
	n := 1
	for plain(c.in[c.pos+n]) {
		n++
	}
	if c.in[c.pos+n] == '"' {
		literal := c.in[c.pos : c.pos+n+1]
		c.pos += len(literal)
		c.out = append(c.out, literal...)
		return literal[1:n], nil
	}
	text, err := c.decode()
	if err != nil {
		return nil, err
	}
	c.out = appendString(c.out, text)
	return text, nil
}

// plain tells whether a byte stands for itself in a string, in the input and in the output.
func plain(b byte) bool { return b >= 0x20 && b < 0x80 && b != '"' && b != '\\' }

// decode reads a string literal.
func (c *canonicalizer) decode() ([]byte, error) {
	c.pos++
	var s []byte
	for {
		switch b := c.in[c.pos]; b {
		case '"':
			c.pos++
			return s, nil
		case '\\':
			r, err := c.escape()
			if err != nil {
				return nil, err
			}
			s = utf8.AppendRune(s, r)
		default:
			s = append(s, b)
			c.pos++
		}
	}
}

// escape reads one escape sequence; a pair of surrogate escapes is one.
func (c *canonicalizer) escape() (rune, error) {
	b := c.in[c.pos+1]
	if b != 'u' {
		c.pos += 2
		switch b {
		case 'b':
			return '\b', nil
		case 'f':
			return '\f', nil
		case 'n':
			return '\n', nil
		case 'r':
			return '\r', nil
		case 't':
			return '\t', nil
		}
		return rune(b), nil
	}
	hi := c.hex4()
	if hi < 0xd800 || hi > 0xdfff {
		return hi, nil
	}
	if hi < 0xdc00 && c.in[c.pos] == '\\' && c.in[c.pos+1] == 'u' {
		if lo := c.hex4(); lo >= 0xdc00 && lo <= 0xdfff {
			return 0x10000 + (hi-0xd800)<<10 + (lo - 0xdc00), nil
		}
	}
	return 0, fmt.Errorf("string with a lone surrogate \\u%04x", hi)
}

func (c *canonicalizer) hex4() rune {
	n, err := strconv.ParseUint(string(c.in[c.pos+2:c.pos+6]), 16, 16)
	if err != nil {
		panic("tuf: a \\u escape in validated JSON is not hexadecimal")
	}
	c.pos += 6
	return rune(n)
}

func appendString(out, s []byte) []byte {
	out = append(out, '"')
	for _, r := range string(s) {
		switch {
		case r == '"' || r == '\\':
			out = append(out, '\\', byte(r))
		case r == '\b':
			out = append(out, `\b`...)
		case r == '\f':
			out = append(out, `\f`...)
		case r == '\n':
			out = append(out, `\n`...)
		case r == '\r':
			out = append(out, `\r`...)
		case r == '\t':
			out = append(out, `\t`...)
		case r >= 0x20 && r < 0x80:
			out = append(out, byte(r))
		case r < 0x10000:
			out = appendHex(out, r)
		default:
			r -= 0x10000
			out = appendHex(out, 0xd800+r>>10)
			out = appendHex(out, 0xdc00+r&0x3ff)
		}
	}
	return append(out, '"')
}

func appendHex(out []byte, r rune) []byte {
	const digits = "0123456789abcdef"
	return append(out, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
}
