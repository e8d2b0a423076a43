package inflate

import (
	"fmt"
	"math/bits"
)

// The longest code, and how many bits the first lookup takes: codes that are
// longer, and rare, take a second lookup in a table for the bits that remain.
const (
	maxBits      = 15
	literalBits  = 10
	distanceBits = 8
)

// A second table is for at least two codes, so there are at most as many as
// half of the symbols, those included that only the fixed codes have.
const (
	maxLiterals    = 288
	maxDistances   = 32
	literalTables  = maxLiterals / 2
	distanceTables = maxDistances / 2
)

// entry is what a lookup of the next bits gives: the number of bits that they
// use (4 bits), of those that follow as a number to be added to the value, or
// as the index of a second table (4 bits), the kind (3 bits), the value (from
// bit 16 on). Zero is an invalid code.
type entry uint32

type kind uint32

const (
	invalid kind = iota
	literal
	match // length or distance
	endOfBlock
	table
)

func makeEntry(k kind, value, extra uint) entry { return entry(uint(k)<<8 | value<<16 | extra<<4) }

func (e entry) bits() uint  { return uint(e & 15) }
func (e entry) extra() uint { return uint(e >> 4 & 15) }
func (e entry) kind() kind  { return kind(e >> 8 & 7) }
func (e entry) value() uint { return uint(e >> 16) }

// literalSymbol is what a symbol of the literal and length alphabet means (RFC
// 1951, 3.2.5).
func literalSymbol(s uint) entry {
	switch {
	case s < 256:
		return makeEntry(literal, s, 0)
	case s == 256:
		return makeEntry(endOfBlock, 0, 0)
	case s < 265:
		return makeEntry(match, s-257+3, 0)
	case s < 285:
		extra := (s - 261) / 4
		return makeEntry(match, (4+(s-261)%4)<<extra+3, extra)
	case s == 285:
		return makeEntry(match, maxMatch, 0)
	}
	return 0
}

// distanceSymbol is what a symbol of the distance alphabet means.
func distanceSymbol(s uint) entry {
	switch {
	case s < 4:
		return makeEntry(match, s+1, 0)
	case s < 30:
		extra := (s - 2) / 2
		return makeEntry(match, (2+s%2)<<extra+1, extra)
	}
	return 0
}

// codeSymbol is itself, for the alphabet that code lengths are written in.
func codeSymbol(s uint) entry { return makeEntry(literal, s, 0) }

// build makes the tables for the canonical code with the given lengths (RFC
// 1951, 3.2.2). index is the number of bits of the first lookup at most; what it
// really is, is returned. A code must be complete, but may have a single symbol,
// of one bit, or none: then only the use of what is not there is an error.
func build(to []entry, index uint, lengths []uint8, symbol func(uint) entry) (uint, error) {
	var counts [maxBits + 1]int
	for _, n := range lengths {
		counts[n]++
	}
	counts[0] = 0
	longest := uint(maxBits)
	for longest > 1 && counts[longest] == 0 {
		longest--
	}
	// Symbols in the order of their codes: by length, then as they are.
	var next [maxBits + 2]int
	room := 1
	for n := uint(1); n <= longest; n++ {
		next[n+1] = next[n] + counts[n]
		if room = room<<1 - counts[n]; room < 0 {
			return 0, fmt.Errorf("%w: too many codes", ErrCorrupt)
		}
	}
	if room > 0 && (longest > 1 || counts[1] > 1) {
		return 0, fmt.Errorf("%w: too few codes", ErrCorrupt)
	}
	index = min(index, longest)
	if room > 0 {
		clear(to[:1<<index])
	}
	var sorted [maxLiterals]uint16
	for s, n := range lengths {
		if n > 0 {
			sorted[next[n]] = uint16(s)
			next[n]++
		}
	}
	t := tables{to: to, index: index, second: longest - index, free: 1 << index, last: -1}
	code, i := uint(0), 0
	for n := uint(1); n <= longest; n++ {
		for range counts[n] {
			// Codes come with their first bit lowest (RFC 1951, 3.1.1).
			reversed := uint(bits.Reverse16(uint16(code)) >> (16 - n))
			t.add(reversed, n, symbol(uint(sorted[i])))
			code++
			i++
		}
		code <<= 1
	}
	return index, nil
}

// tables are filled with one code after the other.
type tables struct {
	to     []entry
	index  uint // bits of the first lookup
	second uint // bits of each second lookup
	free   uint // where the next second table goes
	last   int  // the first bits of the codes in the table before free
}

// add makes all entries for a code of n bits.
func (t *tables) add(code, n uint, e entry) {
	if n <= t.index {
		e |= entry(n)
		for i := code; i < 1<<t.index; i += 1 << n {
			t.to[i] = e
		}
		return
	}
	// Codes that share their first bits follow each other.
	first := code & (1<<t.index - 1)
	if int(first) != t.last {
		t.last = int(first)
		t.to[first] = makeEntry(table, t.free, t.second) | entry(t.index)
		t.free += 1 << t.second
	}
	e |= entry(n - t.index)
	rest := t.to[t.free-1<<t.second : t.free]
	for i := code >> t.index; i < uint(len(rest)); i += 1 << (n - t.index) {
		rest[i] = e
	}
}
