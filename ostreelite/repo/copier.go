package repo

import (
	"fmt"
	"io"

	"github.com/sotabox/sotabox/ostreelite/object"
)

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

// each hashes the data and hands it on, a full buffer at a time. There must be
// size bytes, if size is not negative.
func (c *copier) each(size int64, r io.Reader, write func([]byte) error) error {
	buf := c.pools.buffer()
	defer c.pools.buffers.Put(buf)
	for {
		n, err := io.ReadFull(r, buf[:])
		c.size += int64(n)
		if size >= 0 && c.size > size {
			return fmt.Errorf("%w: more than %d bytes of data", ErrCorrupt, size)
		}
		if n > 0 {
			c.hash.Write(buf[:n])
			if err := write(buf[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			break
		}
		if err != nil {
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
