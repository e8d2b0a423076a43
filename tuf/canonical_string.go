package tuf

import (
	"fmt"
	"strconv"
	"unicode/utf8"
)

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
