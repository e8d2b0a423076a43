package repo

import (
	"bufio"
	"bytes"
	"compress/flate"
	"sync"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// bufferSize is what is read and written at a time, in bytes.
const bufferSize = 64 << 10

// pools keep what objects are read and written with, so that many small ones
// cost no garbage.
type pools struct{ buffers, hashers, inflaters sync.Pool }

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

func (p *pools) inflater() *inflater {
	if z, ok := p.inflaters.Get().(*inflater); ok {
		return z
	}
	src := &sourceError{r: bytes.NewReader(nil)}
	buf := bufio.NewReaderSize(src, 32<<10)
	return &inflater{p, src, buf, flate.NewReader(buf)}
}
