package repo

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/object/inflate"
)

// inflater reads archived content: the header, then raw deflate data.
type inflater struct {
	pools *pools
	src   compressed
	z     inflate.Reader
}

// compressed is the source of a compressed stream. It remembers how it failed, to
// tell that from bad data.
type compressed struct {
	r    io.Reader
	err  error
	left int64 // bytes that may come
}

func (s *compressed) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	if s.left -= int64(n); s.left < 0 {
		return 0, errEndless
	}
	return n, err
}

// errEndless is for a stream of empty blocks, which has no data that would grow
// too large.
var errEndless = fmt.Errorf("%w: far more compressed than inflated data", ErrCorrupt)

// limit bounds what may come for size bytes of data: compression that gains
// nothing adds little.
func (s *compressed) limit(size int64) { s.left = 2*min(size, math.MaxInt64/4) + 1<<20 }

// inflate reads from r; release gives its buffers back.
func (p *pools) inflate(r io.Reader) *inflater {
	z, ok := p.inflaters.Get().(*inflater)
	if !ok {
		z = &inflater{pools: p}
	}
	z.src = compressed{r: r, left: math.MaxInt64}
	z.z.Reset(&z.src)
	return z
}

func (z *inflater) release() {
	z.src.r = nil
	z.pools.inflaters.Put(z)
}

// header reads the header, and the size of the inflated data.
func (z *inflater) header() (*object.FileHeader, int64, error) {
	h, size, err := object.ReadArchiveHeader(rawReader{&z.z})
	switch {
	case z.src.err != nil:
		err = z.src.err
	case err != nil:
		err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	default:
		z.src.limit(size)
	}
	return h, size, err
}

type rawReader struct{ z *inflate.Reader }

func (r rawReader) Read(p []byte) (int, error) { return r.z.ReadRaw(p) }

// next gives the next piece of the data, io.EOF at the end. Data that ends early
// is not the source's failure.
func (z *inflater) next() ([]byte, error) {
	piece, err := z.z.Next()
	return piece, z.classify(err)
}

func (z *inflater) Read(p []byte) (int, error) {
	n, err := z.z.Read(p)
	return n, z.classify(err)
}

func (z *inflater) classify(err error) error {
	if err == nil || err == io.EOF || err == errEndless || z.src.err != nil {
		return err
	}
	return fmt.Errorf("%w: %w", ErrCorrupt, err)
}

// end is an ErrCorrupt if the source has anything behind what was read.
func (z *inflater) end() error {
	var b [1]byte
	_, err := z.z.ReadRaw(b[:])
	switch err {
	case io.EOF:
		return nil
	case nil:
		return fmt.Errorf("%w: garbage after the end of the data", ErrCorrupt)
	}
	return err
}

// archivedFile is the inflated data of an object in an archive repository.
type archivedFile struct {
	z *inflater
	f *rawFile
}

func (a *archivedFile) Read(p []byte) (int, error) {
	if a.z == nil {
		return 0, os.ErrClosed
	}
	return a.z.Read(p)
}

func (a *archivedFile) next() ([]byte, error) { return a.z.next() }

func (a *archivedFile) Close() error {
	if a.z == nil {
		return os.ErrClosed
	}
	a.z.release()
	a.z = nil
	return a.f.Close()
}

func (r *Repo) openArchived(f *rawFile) (*object.FileHeader, int64, io.ReadCloser, error) {
	z := r.pools.inflate(f)
	h, size, err := z.header()
	if err != nil {
		z.release()
		return nil, 0, nil, err
	}
	if h.IsSymlink() {
		z.release()
		f.Close()
		return h, 0, noData(), nil
	}
	return h, size, &archivedFile{z, f}, nil
}

// noData is what a symbolic link has.
func noData() io.ReadCloser { return io.NopCloser(bytes.NewReader(nil)) }
