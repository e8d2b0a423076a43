package inflate

import (
	"encoding/binary"
	"fmt"
)

// decode decodes symbols until the block ends or the window has no room for
// another match (RFC 1951, 3.2.3). It is where the time goes: what the loop
// needs is in local variables, and bits are taken 56 at a time, which is enough
// for the longest match: 15+5 bits for its length, 15+13 for its distance.
func (z *Reader) decode() error {
	var (
		bits, count  = z.bits, z.count & 63
		pos, filled  = z.pos, z.filled
		literalMask  = uint64(1)<<z.literalIndex - 1
		distanceMask = uint64(1)<<z.distanceIndex - 1
		err          error
	)
loop:
	for filled <= windowSize-maxMatch {
		if z.end-pos < 8 {
			z.pos, z.count = pos, count
			if err = z.fill(); err != nil {
				break
			}
			pos = z.pos
		}
		bits |= binary.LittleEndian.Uint64(z.in[pos:]) << (count & 63)
		pos += int((63 - count) >> 3)
		count |= 56

		e := z.literals[bits&literalMask]
		if e.kind() == literal {
			// Two more fit into 56 bits without a look at the input.
			bits >>= e.bits()
			count -= e.bits()
			z.window[filled] = byte(e.value())
			filled++
			if e = z.literals[bits&literalMask]; e.kind() != literal {
				continue
			}
			bits >>= e.bits()
			count -= e.bits()
			z.window[filled] = byte(e.value())
			filled++
			if e = z.literals[bits&literalMask]; e.kind() != literal {
				continue
			}
			bits >>= e.bits()
			count -= e.bits()
			z.window[filled] = byte(e.value())
			filled++
			continue
		}
		if e.kind() == table {
			bits >>= e.bits()
			count -= e.bits()
			e = z.literals[e.value()+uint(bits)&(1<<e.extra()-1)]
		}
		bits >>= e.bits()
		count -= e.bits()
		switch e.kind() {
		case literal:
			z.window[filled] = byte(e.value())
			filled++
			continue
		case match:
		case endOfBlock:
			z.step = header
			break loop
		default:
			err = fmt.Errorf("%w: bad literal or length code", ErrCorrupt)
			break loop
		}
		length := int(e.value()) + int(bits&(1<<e.extra()-1))
		bits >>= e.extra()
		count -= e.extra()

		e = z.distances[bits&distanceMask]
		if e.kind() == table {
			bits >>= e.bits()
			count -= e.bits()
			e = z.distances[e.value()+uint(bits)&(1<<e.extra()-1)]
		}
		bits >>= e.bits()
		count -= e.bits()
		distance := int(e.value()) + int(bits&(1<<e.extra()-1))
		bits >>= e.extra()
		count -= e.extra()
		if e.kind() != match || distance > filled {
			err = fmt.Errorf("%w: bad distance", ErrCorrupt)
			break
		}
		from := filled - distance
		to := filled + length
		if distance < copySize {
			// The match repeats itself: each copy doubles what can be copied.
			for filled < to {
				filled += copy(z.window[filled:to], z.window[from:filled])
			}
			continue
		}
		for filled < to {
			*(*[copySize]byte)(z.window[filled:]) = *(*[copySize]byte)(z.window[from:])
			filled += copySize
			from += copySize
		}
		filled = to
	}
	z.bits, z.count, z.pos, z.filled = bits, count, pos, filled
	return err
}
