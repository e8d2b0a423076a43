package repo

import (
	"fmt"
	"io"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// pieces is data that lies in somebody's buffer. A piece is valid until the next
// one is asked for; io.EOF comes alone.
type pieces interface{ next() ([]byte, error) }

// piecesOf reads r a full buffer at a time; data that has pieces already gives
// them without a copy. release gives the buffer back.
func (p *pools) piecesOf(r io.Reader) (data pieces, release func()) {
	if z, ok := r.(pieces); ok {
		return z, func() {}
	}
	buf := p.buffer()
	return &buffered{r: r, buf: buf[:]}, func() { p.buffers.Put(buf) }
}

type buffered struct {
	r   io.Reader
	buf []byte
	err error
}

func (b *buffered) next() ([]byte, error) {
	if b.err != nil {
		return nil, b.err
	}
	n := 0
	for n < len(b.buf) && b.err == nil {
		var m int
		m, b.err = b.r.Read(b.buf[n:])
		n += m
	}
	if n > 0 {
		return b.buf[:n], nil
	}
	return nil, b.err
}

// copier hashes content while it is written to a file.
type copier struct {
	hash  *object.Hasher
	fd    int
	pools *pools
	size  int64 // of the data so far
}

// copy writes data as it is.
func (c *copier) copy(size int64, r io.Reader) error {
	return c.each(size, r, func(p []byte) error { return writeAll(c.fd, p) })
}

// archive writes a .filez.
func (c *copier) archive(h *object.FileHeader, size int64, r io.Reader, level int) error {
	if size < 0 {
		return fmt.Errorf("%w: an archive repository must know the size beforehand", ErrUnsupported)
	}
	if err := writeAll(c.fd, h.MarshalArchive(size)); err != nil || h.IsSymlink() {
		return err
	}
	z, err := c.pools.deflater(fdWriter(c.fd), level)
	if err != nil {
		return err
	}
	defer c.pools.deflaters.Put(z)
	err = c.each(size, r, func(p []byte) error {
		_, err := z.Write(p)
		return err
	})
	if err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return z.out.Flush()
}

// each hashes the data and hands it on. There must be size bytes, if size is not
// negative.
func (c *copier) each(size int64, r io.Reader, write func([]byte) error) error {
	data, release := c.pools.piecesOf(r)
	defer release()
	for {
		p, err := data.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		c.size += int64(len(p))
		if size >= 0 && c.size > size {
			return fmt.Errorf("%w: more than %d bytes of data", ErrCorrupt, size)
		}
		c.hash.Write(p)
		if err := write(p); err != nil {
			return err
		}
	}
	if size >= 0 && c.size != size {
		return fmt.Errorf("%w: %d bytes of data, not %d", ErrCorrupt, c.size, size)
	}
	return nil
}

type fdWriter int

func (w fdWriter) Write(p []byte) (int, error) {
	if err := writeAll(int(w), p); err != nil {
		return 0, err
	}
	return len(p), nil
}
