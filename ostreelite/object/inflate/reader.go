package inflate

import (
	"encoding/binary"
	"fmt"
	"io"
)

const (
	// inputSize is what is read from the source at a time, in bytes.
	inputSize = 16 << 10
	// padding is how many zero bytes follow the input at its end, so that bits
	// can always be taken eight bytes at a time.
	padding = 16
	// history is how far back matches can reach (RFC 1951, 2).
	history = 32 << 10
	// maxMatch is the longest match (RFC 1951, 3.2.5).
	maxMatch = 258
	// windowSize holds the history and what is handed out at a time.
	windowSize = 64 << 10
	// copySize is how many bytes of a match are copied at once. Behind the window
	// there is room for what that is too much.
	copySize = 8
)

// Reader decompresses one source after the other. It has buffers of about
// 110 KiB and is meant to be kept.
type Reader struct {
	src io.Reader
	err error // what Next gives once the window is empty

	// Input: in[pos:end] has not been looked at, the low count bits of bits have
	// been taken from before it. Bits above count are those at pos again.
	in       [inputSize + padding]byte
	pos, end int
	atEnd    bool // the source has no more
	bits     uint64
	count    uint

	step   step
	final  bool // the block is the last
	stored int  // bytes that are left of a stored block

	// Output: window[given:filled] waits to be handed out.
	window        [windowSize + copySize]byte
	given, filled int

	literals  [1<<literalBits + literalTables<<(maxBits-literalBits)]entry
	distances [1<<distanceBits + distanceTables<<(maxBits-distanceBits)]entry
	// The number of bits that the first lookup of each takes.
	literalIndex, distanceIndex uint
}

// step is what comes next in the data.
type step uint8

const (
	header step = iota
	storedData
	codedData
)

// Reset begins with another source.
func (z *Reader) Reset(src io.Reader) {
	z.src, z.err = src, nil
	z.pos, z.end, z.atEnd = 0, 0, false
	z.bits, z.count = 0, 0
	z.step, z.final, z.stored = header, false, 0
	z.given, z.filled = 0, 0
}

// ReadRaw reads bytes of the source as they are: what precedes the compressed
// data, before the first Next, or what follows it, once Next has given io.EOF.
func (z *Reader) ReadRaw(p []byte) (int, error) {
	if z.pos == z.end {
		if z.atEnd {
			return 0, io.EOF
		}
		if err := z.fill(); err != nil {
			return 0, err
		}
		if z.pos == z.end {
			return 0, io.EOF
		}
	}
	n := copy(p, z.in[z.pos:z.end])
	z.pos += n
	return n, nil
}

// Next gives the next piece of the data, which is valid until the next call and
// never empty without an error. At the end of the data the error is io.EOF. An
// error of the source is passed on.
func (z *Reader) Next() ([]byte, error) {
	if z.filled > windowSize-maxMatch {
		z.given = copy(z.window[:], z.window[z.filled-history:z.filled])
		z.filled = z.given
	}
	for z.err == nil && z.filled <= windowSize-maxMatch {
		z.err = z.advance()
	}
	if z.err != nil && z.overrun() {
		// Whatever is wrong, it is that the padding was taken for data.
		z.err = errTruncated
	}
	piece := z.window[z.given:z.filled]
	z.given = z.filled
	if len(piece) > 0 {
		return piece, nil
	}
	return nil, z.err
}

// Read is Next as an io.Reader has it.
func (z *Reader) Read(p []byte) (int, error) {
	if z.given == z.filled {
		piece, err := z.Next()
		if err != nil {
			return 0, err
		}
		z.given -= len(piece)
	}
	n := copy(p, z.window[z.given:z.filled])
	z.given += n
	return n, nil
}

// advance does one step. It returns when the window is full at the latest.
func (z *Reader) advance() error {
	switch z.step {
	case storedData:
		return z.copyStored()
	case codedData:
		return z.decode()
	}
	if z.final {
		return z.finish()
	}
	return z.readHeader()
}

// finish gives the whole bytes that were taken from the input too early back.
func (z *Reader) finish() error {
	if err := z.alignInput(); err != nil {
		return err
	}
	return io.EOF
}

// alignInput drops bits up to the next byte and makes pos the position of it.
func (z *Reader) alignInput() error {
	z.pos -= int(z.count >> 3)
	z.bits, z.count = 0, 0
	if z.pos > z.end {
		return errTruncated
	}
	return nil
}

// overrun reports whether bits were used that come after the end of the source.
func (z *Reader) overrun() bool { return z.atEnd && z.pos-int(z.count>>3) > z.end }

// errTruncated is both this package's error and the usual one.
var errTruncated = fmt.Errorf("%w: %w", ErrCorrupt, io.ErrUnexpectedEOF)

// unexpected is err, but the end of the source must not be here.
func unexpected(err error) error {
	if err == io.EOF {
		return errTruncated
	}
	return err
}

// fill reads from the source until there are bytes to take bits from, or until
// its end, which it pads. At the end it checks that no padding was used.
func (z *Reader) fill() error {
	if z.atEnd {
		if z.overrun() {
			return errTruncated
		}
		return nil
	}
	// The whole bytes in bits may have to be given back.
	taken := int(z.count >> 3)
	z.end = copy(z.in[:], z.in[z.pos-taken:z.end])
	z.pos = taken
	for empty := 0; z.end < padding; {
		n, err := z.src.Read(z.in[z.end:inputSize])
		z.end += n
		if err == io.EOF {
			z.atEnd = true
			clear(z.in[z.end : z.end+padding])
			return nil
		}
		if err != nil {
			return err
		}
		if n > 0 {
			empty = 0
		} else if empty++; empty > 100 {
			return io.ErrNoProgress
		}
	}
	return nil
}

// refill makes count at least 56.
func (z *Reader) refill() error {
	if z.end-z.pos < 8 {
		if err := z.fill(); err != nil {
			return err
		}
	}
	z.bits |= binary.LittleEndian.Uint64(z.in[z.pos:]) << z.count
	z.pos += int((63 - z.count) >> 3)
	z.count |= 56
	return nil
}

// take gives n bits of those that are there.
func (z *Reader) take(n uint) uint {
	v := uint(z.bits) & (1<<n - 1)
	z.bits >>= n
	z.count -= n
	return v
}

// copyStored copies what it can of a stored block (RFC 1951, 3.2.4).
func (z *Reader) copyStored() error {
	if z.stored == 0 {
		z.step = header
		return nil
	}
	if z.pos == z.end {
		if err := z.fill(); err != nil {
			return err
		}
		if z.pos == z.end {
			return errTruncated
		}
	}
	n := copy(z.window[z.filled:windowSize], z.in[z.pos:min(z.end, z.pos+z.stored)])
	z.filled += n
	z.pos += n
	z.stored -= n
	return nil
}
