package xz

import (
	"bufio"
	"errors"
	"io"
)

// input is the packed data. Where it ends nothing more may be missing, so its end
// is an ErrCorrupt.
type input struct {
	r    *bufio.Reader
	read int64 // bytes so far
}

func (i *input) reset(r io.Reader) { i.r.Reset(r); i.read = 0 }

func (i *input) byte() (byte, error) {
	b, err := i.r.ReadByte()
	i.read++
	return b, early(err)
}

// uint16 reads a big-endian number, as the headers of chunks have them.
func (i *input) uint16() (int, error) {
	var b [2]byte
	err := i.full(b[:])
	return int(b[0])<<8 | int(b[1]), err
}

func (i *input) full(p []byte) error {
	n, err := io.ReadFull(i.r, p)
	i.read += int64(n)
	return early(err)
}

func (i *input) skip(n int) error {
	n, err := i.r.Discard(n)
	i.read += int64(n)
	return early(err)
}

func early(err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrCorrupt
	}
	return err
}
