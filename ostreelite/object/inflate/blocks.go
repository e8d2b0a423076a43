package inflate

import (
	"encoding/binary"
	"fmt"
)

// readHeader reads the header of a block (RFC 1951, 3.2.3).
func (z *Reader) readHeader() error {
	if err := z.refill(); err != nil {
		return err
	}
	z.final = z.take(1) == 1
	switch z.take(2) {
	case 0:
		return z.readStored()
	case 1:
		z.step = codedData
		return z.fixedCodes()
	case 2:
		z.step = codedData
		return z.readCodes()
	}
	return fmt.Errorf("%w: unknown block type", ErrCorrupt)
}

// readStored reads the length of a block that is not compressed (3.2.4).
func (z *Reader) readStored() error {
	if err := z.alignInput(); err != nil {
		return err
	}
	var b [4]byte
	for i := range b {
		if _, err := z.ReadRaw(b[i : i+1]); err != nil {
			return unexpected(err)
		}
	}
	n := binary.LittleEndian.Uint16(b[:])
	if n != ^binary.LittleEndian.Uint16(b[2:]) {
		return fmt.Errorf("%w: bad length of a stored block", ErrCorrupt)
	}
	z.step, z.stored = storedData, int(n)
	return nil
}

// fixedCodes makes the tables of the codes that need no description (3.2.6).
func (z *Reader) fixedCodes() (err error) {
	var lengths [maxLiterals]uint8
	for i := range lengths {
		switch {
		case i < 144:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		case i < 280:
			lengths[i] = 7
		default:
			lengths[i] = 8
		}
	}
	if z.literalIndex, err = build(z.literals[:], literalBits, lengths[:], literalSymbol); err != nil {
		return err
	}
	for i := range maxDistances {
		lengths[i] = 5
	}
	z.distanceIndex, err = build(z.distances[:], distanceBits, lengths[:maxDistances], distanceSymbol)
	return err
}

// codeOrder is the order in which the lengths of the code for code lengths come.
var codeOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// readCodes reads the description of the codes of a block (3.2.7).
func (z *Reader) readCodes() error {
	// The 3 bits before are gone; 14 and 19 times 3 do not fit into 56.
	literals, distances, codes := int(z.take(5))+257, int(z.take(5))+1, int(z.take(4))+4
	if literals > maxLiterals-2 || distances > maxDistances-2 {
		return fmt.Errorf("%w: too many codes", ErrCorrupt)
	}
	var lengths [maxLiterals + maxDistances]uint8
	for i := range codes {
		if i%16 == 0 {
			if err := z.refill(); err != nil {
				return err
			}
		}
		lengths[codeOrder[i]] = uint8(z.take(3))
	}
	// The table for distances is not in use yet.
	index, err := build(z.distances[:], 7, lengths[:len(codeOrder)], codeSymbol)
	if err != nil {
		return err
	}
	clear(lengths[:len(codeOrder)])
	if err := z.readLengths(lengths[:literals+distances], index); err != nil {
		return err
	}
	if z.literalIndex, err = build(z.literals[:], literalBits, lengths[:literals], literalSymbol); err != nil {
		return err
	}
	z.distanceIndex, err = build(z.distances[:], distanceBits, lengths[literals:literals+distances], distanceSymbol)
	return err
}

// readLengths reads the lengths of the codes, which are compressed themselves.
func (z *Reader) readLengths(lengths []uint8, index uint) error {
	for i := 0; i < len(lengths); {
		if err := z.refill(); err != nil {
			return err
		}
		e := z.distances[z.bits&(1<<index-1)]
		if e.kind() != literal {
			return fmt.Errorf("%w: bad code of a length", ErrCorrupt)
		}
		z.take(e.bits())
		if e.value() < 16 {
			lengths[i] = uint8(e.value())
			i++
			continue
		}
		var value uint8
		var n int
		switch e.value() {
		case 16:
			if i == 0 {
				return fmt.Errorf("%w: no length to repeat", ErrCorrupt)
			}
			value, n = lengths[i-1], 3+int(z.take(2))
		case 17:
			n = 3 + int(z.take(3))
		default:
			n = 11 + int(z.take(7))
		}
		if n > len(lengths)-i {
			return fmt.Errorf("%w: too many lengths", ErrCorrupt)
		}
		for ; n > 0; n-- {
			lengths[i] = value
			i++
		}
	}
	return nil
}
