package repo

import (
	"bufio"
	"compress/flate"
	"io"
	"sync"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// bufferSize is what is read and written at a time, in bytes.
const bufferSize = 64 << 10

// pools keep what objects are read and written with, so that many small ones
// cost no garbage.
type pools struct{ buffers, hashers, inflaters, deflaters sync.Pool }

func (p *pools) buffer() *[bufferSize]byte {
	if b, ok := p.buffers.Get().(*[bufferSize]byte); ok {
		return b
	}
	return new([bufferSize]byte)
}

// hasher gives a hasher that has begun the object with header h.
func (p *pools) hasher(h *object.FileHeader) *object.Hasher {
	s, ok := p.hashers.Get().(*object.Hasher)
	if !ok {
		s = object.NewHasher()
	}
	s.Reset(h)
	return s
}

// deflater compresses for an archive repository. Its output is buffered: what
// comes out of a compressor comes in small pieces.
type deflater struct {
	*flate.Writer
	out *bufio.Writer
}

// deflater gives one that writes to w. The level is the same in all calls.
func (p *pools) deflater(w io.Writer, level int) (*deflater, error) {
	if z, ok := p.deflaters.Get().(*deflater); ok {
		z.out.Reset(w)
		z.Reset(z.out)
		return z, nil
	}
	out := bufio.NewWriterSize(w, bufferSize)
	z, err := flate.NewWriter(out, level)
	return &deflater{z, out}, err
}
