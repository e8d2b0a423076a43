package xz

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
)

// Decoder unpacks streams, one after the other. It takes about 5 MB, which are
// used again for the next stream.
type Decoder struct {
	in     input
	lzma   lzma
	window window
}

// NewDecoder gives a decoder.
func NewDecoder() *Decoder { return &Decoder{in: input{r: bufio.NewReaderSize(nil, 16<<10)}} }

// Decode unpacks the stream src into file and gives the size of what is in it.
// src may be read further than the stream goes. The error is an ErrCorrupt, an
// ErrTooLarge if there are more than limit bytes, an ErrUnsupported, or what src
// or file reported.
func (d *Decoder) Decode(file File, limit int64, src io.Reader) (int64, error) {
	d.in.reset(src)
	defer d.in.reset(nil)
	d.window.reset(file, limit)
	checkSize, err := d.streamHeader()
	if err != nil {
		return 0, err
	}
	for {
		more, err := d.blockHeader()
		if err != nil {
			return 0, err
		}
		if !more {
			return d.window.pos, nil
		}
		begin := d.in.read
		if err := d.block(); err != nil {
			return 0, err
		}
		padding := int((begin - d.in.read) & 3)
		if err := d.in.skip(padding + checkSize); err != nil {
			return 0, err
		}
	}
}

// magic begins a stream (The .xz File Format, 2.1.1.1).
const magic = "\xfd7zXZ\x00"

// streamHeader gives the size of the check behind each block, in bytes.
func (d *Decoder) streamHeader() (int, error) {
	var h [12]byte
	if err := d.in.full(h[:]); err != nil {
		return 0, err
	}
	flags := h[6:8]
	if string(h[:6]) != magic || flags[0] != 0 || flags[1] > 0xf || !sealed(flags, h[8:]) {
		return 0, ErrCorrupt
	}
	if flags[1] == 0 {
		return 0, nil
	}
	// Checks that are, and may be, defined: three each of 4, 8, 16, 32 and 64 bytes.
	return 4 << ((flags[1] - 1) / 3), nil
}

// sealed reports whether sum is the CRC32 of data.
func sealed(data, sum []byte) bool {
	return crc32.ChecksumIEEE(data) == binary.LittleEndian.Uint32(sum)
}

// The fields of a block header (The .xz File Format, 3.1).
const (
	blockPacked   = 0x40 // flag: size of the packed data is given
	blockUnpacked = 0x80
	filterLZMA2   = 0x21
	maxDictionary = 40 // means 4 GiB less 1
)

// blockHeader reads the header of a block; false means that the index comes instead.
func (d *Decoder) blockHeader() (bool, error) {
	size, err := d.in.byte()
	if err != nil || size == 0 {
		return false, err
	}
	var buf [256 * 4]byte
	h := buf[:(int(size)+1)*4]
	h[0] = size
	if err := d.in.full(h[1:]); err != nil {
		return false, err
	}
	body, sum := h[:len(h)-4], h[len(h)-4:]
	if !sealed(body, sum) {
		return false, ErrCorrupt
	}
	flags, rest := body[1], body[2:]
	for _, flag := range []byte{blockPacked, blockUnpacked} {
		if flags&flag != 0 {
			_, n := binary.Uvarint(rest)
			if n <= 0 {
				return false, ErrCorrupt
			}
			rest = rest[n:]
		}
	}
	if flags&^(blockPacked|blockUnpacked) != 0 || !bytes.HasPrefix(rest, []byte{filterLZMA2}) {
		return false, ErrUnsupported
	}
	if len(rest) < 3 || rest[1] != 1 || rest[2] > maxDictionary {
		return false, ErrCorrupt
	}
	return true, nil
}
