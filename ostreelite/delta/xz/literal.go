package xz

// decodeLiteral decodes one byte that is no part of a match.
func (l *lzma) decodeLiteral(w *window) error {
	var before byte
	if w.pos > w.start {
		before = w.ring[(w.pos-1)&windowMask]
	}
	low := uint32(w.pos-w.start) & (1<<l.lp - 1)
	index := low<<l.lc + uint32(before)>>(8-l.lc)
	probs := (*[0x300]prob)(l.literal[0x300*index:])
	var b byte
	if l.state < 7 {
		b = l.plainLiteral(probs)
	} else {
		distance := int64(l.reps[0]) + 1
		if distance > w.pos-w.start {
			return ErrCorrupt
		}
		match, err := w.at(distance)
		if err != nil {
			return err
		}
		b = l.matchedLiteral(probs, uint32(match))
	}
	w.ring[w.pos&windowMask] = b
	w.pos++
	switch {
	case l.state < 4:
		l.state = 0
	case l.state < 10:
		l.state -= 3
	default:
		l.state -= 6
	}
	return nil
}

func (l *lzma) plainLiteral(probs *[0x300]prob) byte {
	rc := &l.rc
	width, code, pos := rc.width, rc.code, rc.pos
	m := uint32(1)
	for m < 0x100 {
		if width < topValue {
			width <<= 8
			code = code<<8 | uint32(rc.buf[pos&inputMask])
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
	rc.width, rc.code, rc.pos = width, code, pos
	return byte(m)
}

// matchedLiteral decodes a literal behind a match: as long as its bits are those
// of the byte that would have continued the match, they have their own model.
func (l *lzma) matchedLiteral(probs *[0x300]prob, match uint32) byte {
	rc := &l.rc
	width, code, pos := rc.width, rc.code, rc.pos
	m, offset := uint32(1), uint32(0x100)
	for m < 0x100 {
		match <<= 1
		matchBit := match & offset
		if width < topValue {
			width <<= 8
			code = code<<8 | uint32(rc.buf[pos&inputMask])
			pos++
		}
		p := &probs[offset+matchBit+m]
		v := *p
		bound := (width >> probBits) * uint32(v)
		if code < bound {
			width = bound
			*p = v + (1<<probBits-v)>>moveBits
			m <<= 1
			offset &^= matchBit
		} else {
			width -= bound
			code -= bound
			*p = v - v>>moveBits
			m = m<<1 | 1
			offset &= matchBit
		}
	}
	rc.width, rc.code, rc.pos = width, code, pos
	return byte(m)
}
