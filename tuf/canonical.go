package tuf

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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
	c := canonicalizer{in: data}
	return c.value(make([]byte, 0, len(data)), 0)
}

// canonicalizer walks a text that is known to be valid JSON, so it does not check the grammar again.
type canonicalizer struct {
	in  []byte
	pos int
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

func (c *canonicalizer) value(out []byte, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("nested deeper than %d", maxDepth)
	}
	switch c.peek() {
	case '{':
		return c.object(out, depth)
	case '[':
		return c.array(out, depth)
	case '"':
		s, err := c.str()
		if err != nil {
			return nil, err
		}
		return appendString(out, s), nil
	default:
		return c.scalar(out)
	}
}

func (c *canonicalizer) object(out []byte, depth int) ([]byte, error) {
	members := map[string][]byte{}
	c.pos++
	for c.peek() != '}' {
		if c.in[c.pos] == ',' {
			c.pos++
			c.peek()
		}
		name, err := c.str()
		if err != nil {
			return nil, err
		}
		c.peek()
		c.pos++ // the colon
		value, err := c.value(nil, depth+1)
		if err != nil {
			return nil, err
		}
		if _, ok := members[name]; ok {
			return nil, fmt.Errorf("member %.64q appears twice in one object", name)
		}
		members[name] = value
	}
	c.pos++
	out = append(out, '{')
	for i, name := range slices.Sorted(maps.Keys(members)) {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendString(out, name)
		out = append(out, ':')
		out = append(out, members[name]...)
	}
	return append(out, '}'), nil
}

func (c *canonicalizer) array(out []byte, depth int) ([]byte, error) {
	c.pos++
	out = append(out, '[')
	for c.peek() != ']' {
		if c.in[c.pos] == ',' {
			c.pos++
			out = append(out, ',')
		}
		var err error
		if out, err = c.value(out, depth+1); err != nil {
			return nil, err
		}
	}
	c.pos++
	return append(out, ']'), nil
}

// scalar copies true, false, null and integers, and rewrites other numbers.
func (c *canonicalizer) scalar(out []byte) ([]byte, error) {
	start := c.pos
	for c.pos < len(c.in) && !bytes.ContainsRune([]byte(" \t\n\r,]}"), rune(c.in[c.pos])) {
		c.pos++
	}
	token := c.in[start:c.pos]
	if b := token[0]; b != '-' && (b < '0' || b > '9') || !bytes.ContainsAny(token, ".eE") {
		return append(out, token...), nil
	}
	f, err := strconv.ParseFloat(string(token), 64)
	if err != nil || math.IsInf(f, 0) {
		return nil, fmt.Errorf("number %s is out of range", token)
	}
	from := len(out)
	out = strconv.AppendFloat(out, f, 'g', 17, 64)
	if !bytes.ContainsAny(out[from:], ".e") {
		out = append(out, ".0"...)
	}
	return out, nil
}

// str reads a string literal and returns the text it stands for.
func (c *canonicalizer) str() (string, error) {
	c.pos++
	var s []byte
	for {
		switch b := c.in[c.pos]; b {
		case '"':
			c.pos++
			return string(s), nil
		case '\\':
			r, err := c.escape()
			if err != nil {
				return "", err
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

func appendString(out []byte, s string) []byte {
	out = append(out, '"')
	for _, r := range s {
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
