package xz

import "encoding/binary"

const (
	probBits  = 11
	probInit  = 1 << (probBits - 1)
	moveBits  = 5
	topValue  = 1 << 24
	inputMask = 1<<17 - 1
)

// prob is the probability of a bit to be 0, in 1/2048.
type prob = uint16

// rangeDecoder decodes the bits of one LZMA2 chunk, which is in buf as a whole.
// Its methods do not look for the end of the input: one symbol takes far fewer
// bytes than buf has room behind the largest chunk, and overrun tells after it.
type rangeDecoder struct {
	width, code uint32
	pos, end    int
	buf         [inputMask + 1]byte
}

// begin starts with n bytes in buf.
func (r *rangeDecoder) begin(n int) bool {
	r.width, r.code = 1<<32-1, binary.BigEndian.Uint32(r.buf[1:])
	r.pos, r.end = 5, n
	return n >= 5 && r.buf[0] == 0
}

func (r *rangeDecoder) overrun() bool { return r.pos > r.end }

// finished reports whether the chunk ends where it should.
func (r *rangeDecoder) finished() bool {
	r.normalize()
	return r.pos == r.end && r.code == 0
}

func (r *rangeDecoder) normalize() {
	if r.width < topValue {
		r.width <<= 8
		r.code = r.code<<8 | uint32(r.buf[r.pos&inputMask])
		r.pos++
	}
}

// bit decodes one bit.
func (r *rangeDecoder) bit(p *prob) bool {
	r.normalize()
	bound := (r.width >> probBits) * uint32(*p)
	if r.code < bound {
		r.width = bound
		*p += (1<<probBits - *p) >> moveBits
		return false
	}
	r.width -= bound
	r.code -= bound
	*p -= *p >> moveBits
	return true
}

// tree decodes a symbol of n bits, most significant first. There are 1<<n probs.
func (r *rangeDecoder) tree(probs []prob, n int) uint32 {
	width, code, pos := r.width, r.code, r.pos
	probs = probs[:1<<n]
	m := uint32(1)
	for range n {
		if width < topValue {
			width <<= 8
			code = code<<8 | uint32(r.buf[pos&inputMask])
			pos++
		}
		p := &probs[m]
		v := *p
		bound := (width >> probBits) * uint32(v)
		if code < bound {
			width = bound
			*p = v + (1<<probBits-v)>>moveBits
			m <<= 1
		} else {
			width -= bound
			code -= bound
			*p = v - v>>moveBits
			m = m<<1 | 1
		}
	}
	r.width, r.code, r.pos = width, code, pos
	return m - 1<<n
}

// reverse decodes a symbol of n bits, least significant first.
func (r *rangeDecoder) reverse(probs []prob, n int) uint32 {
	m, symbol := uint32(1), uint32(0)
	for i := range n {
		if r.bit(&probs[m]) {
			m = m<<1 | 1
			symbol |= 1 << i
		} else {
			m <<= 1
		}
	}
	return symbol
}

// direct decodes n bits that are as likely to be 0 as 1.
func (r *rangeDecoder) direct(n int) uint32 {
	symbol := uint32(0)
	for range n {
		r.normalize()
		r.width >>= 1
		r.code -= r.width
		zero := 0 - r.code>>31 // all ones if the bit is 0
		r.code += r.width & zero
		symbol = symbol<<1 + 1 + zero
	}
	return symbol
}
