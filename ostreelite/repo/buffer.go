package repo

import "sync"

// bufferSize is what is read and written at a time, in bytes.
const bufferSize = 64 << 10

// bufferPool keeps copy buffers, so that many small objects cost no garbage.
type bufferPool struct{ pool sync.Pool }

func (p *bufferPool) get() *[bufferSize]byte {
	if b, ok := p.pool.Get().(*[bufferSize]byte); ok {
		return b
	}
	return new([bufferSize]byte)
}

func (p *bufferPool) put(b *[bufferSize]byte) { p.pool.Put(b) }
