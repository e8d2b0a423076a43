package xz

// The sizes of the LZMA model (LZMA specification, "The main loop of decoder").
const (
	states        = 12
	posStates     = 16
	lenLowBits    = 3
	lenHighBits   = 8
	minMatch      = 2
	distanceSlots = 64
	lengthStates  = 4
	alignBits     = 4
	firstModelled = 4  // slots from here on have bits beside the slot,
	endModelled   = 14 // and from here on not all of them are modelled
	maxLiteral    = 4  // lc + lp
)

// lengthModel is the model of a match's length.
type lengthModel struct {
	choice, choice2 prob
	low, mid        [posStates << lenLowBits]prob
	high            [1 << lenHighBits]prob
}

// model is all probabilities.
type model struct {
	isMatch, isRep0Long           [states * posStates]prob
	isRep, isRep0, isRep1, isRep2 [states]prob
	slot                          [lengthStates * distanceSlots]prob
	distance                      [1 + 128 - endModelled]prob
	align                         [1 << alignBits]prob
	matchLength, repeatLength     lengthModel
	literal                       [0x300 << maxLiteral]prob
}

// lzma is the state of an LZMA decoder between two chunks.
type lzma struct {
	model
	state      uint32
	reps       [4]uint32 // distances less 1
	lc, lp, pb uint8
	rc         rangeDecoder
}

// setProperties takes the byte that codes lc, lp and pb.
func (l *lzma) setProperties(b byte) bool {
	if b >= 9*5*5 {
		return false
	}
	l.lc, l.lp, l.pb = b%9, b/9%5, b/45
	return l.lc+l.lp <= maxLiteral
}

func (l *lzma) resetState() {
	for _, probs := range [][]prob{
		l.isMatch[:], l.isRep0Long[:], l.isRep[:], l.isRep0[:], l.isRep1[:], l.isRep2[:],
		l.slot[:], l.distance[:], l.align[:], l.literal[:],
	} {
		fill(probs)
	}
	l.matchLength.reset()
	l.repeatLength.reset()
	l.state, l.reps = 0, [4]uint32{}
}

func (m *lengthModel) reset() {
	m.choice, m.choice2 = probInit, probInit
	fill(m.low[:])
	fill(m.mid[:])
	fill(m.high[:])
}

func fill(probs []prob) {
	for i := range probs {
		probs[i] = probInit
	}
}

func (m *lengthModel) decode(rc *rangeDecoder, posState uint32) int {
	switch {
	case !rc.bit(&m.choice):
		return minMatch + int(rc.tree(m.low[posState<<lenLowBits:], lenLowBits))
	case !rc.bit(&m.choice2):
		return minMatch + 1<<lenLowBits + int(rc.tree(m.mid[posState<<lenLowBits:], lenLowBits))
	}
	return minMatch + 2<<lenLowBits + int(rc.tree(m.high[:], lenHighBits))
}

// chunk unpacks n bytes, from the compressed bytes that rc.buf holds.
func (l *lzma) chunk(w *window, n int) error {
	end := w.pos + int64(n)
	posMask := uint32(1)<<l.pb - 1
	for w.pos < end {
		posState := uint32(w.pos-w.start) & posMask
		if !l.rc.bit(&l.isMatch[l.state*posStates+posState]) {
			if err := l.decodeLiteral(w); err != nil {
				return err
			}
		} else {
			length := l.decodeMatch(posState)
			distance := int64(l.reps[0]) + 1
			if int64(length) > end-w.pos || distance > w.pos-w.start {
				return ErrCorrupt
			}
			if err := w.repeat(distance, length); err != nil {
				return err
			}
		}
		if l.rc.overrun() {
			return ErrCorrupt
		}
		if w.pos-w.flushed >= flushSize {
			if err := w.flush(false); err != nil {
				return err
			}
		}
	}
	if !l.rc.finished() {
		return ErrCorrupt
	}
	return nil
}

// decodeMatch decodes a match's length; its distance is then l.reps[0].
func (l *lzma) decodeMatch(posState uint32) int {
	rc, state := &l.rc, l.state
	if !rc.bit(&l.isRep[state]) {
		l.state = next(state, 7, 10)
		length := l.matchLength.decode(rc, posState)
		distance := l.decodeDistance(length)
		l.reps = [4]uint32{distance, l.reps[0], l.reps[1], l.reps[2]}
		return length
	}
	switch {
	case !rc.bit(&l.isRep0[state]):
		if !rc.bit(&l.isRep0Long[state*posStates+posState]) {
			l.state = next(state, 9, 11)
			return 1
		}
	case !rc.bit(&l.isRep1[state]):
		l.reps[0], l.reps[1] = l.reps[1], l.reps[0]
	case !rc.bit(&l.isRep2[state]):
		l.reps[0], l.reps[1], l.reps[2] = l.reps[2], l.reps[0], l.reps[1]
	default:
		l.reps = [4]uint32{l.reps[3], l.reps[0], l.reps[1], l.reps[2]}
	}
	l.state = next(state, 8, 11)
	return l.repeatLength.decode(rc, posState)
}

// next is the state after a match: one value after a literal, another after a match.
func next(state, afterLiteral, afterMatch uint32) uint32 {
	if state < 7 {
		return afterLiteral
	}
	return afterMatch
}

func (l *lzma) decodeDistance(length int) uint32 {
	lengthState := min(length-minMatch, lengthStates-1)
	slot := l.rc.tree(l.slot[lengthState*distanceSlots:], 6)
	if slot < firstModelled {
		return slot
	}
	bits := int(slot>>1) - 1
	distance := (2 | slot&1) << bits
	if slot < endModelled {
		return distance + l.rc.reverse(l.distance[distance-slot:], bits)
	}
	distance += l.rc.direct(bits-alignBits) << alignBits
	return distance + l.rc.reverse(l.align[:], alignBits)
}
