package repo

import (
	"bufio"
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"os"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// inflater reads archived content: the header, then raw deflate data.
type inflater struct {
	pools   *pools
	src     *sourceError
	buf     *bufio.Reader
	deflate io.ReadCloser
}

// sourceError remembers how the compressed stream's source failed, to tell it
// from bad data.
type sourceError struct {
	r   io.Reader
	err error
}

func (s *sourceError) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// inflate reads from r; release gives its buffers back.
func (p *pools) inflate(r io.Reader) (*inflater, error) {
	z := p.inflater()
	z.src.r, z.src.err = r, nil
	z.buf.Reset(z.src)
	return z, z.deflate.(flate.Resetter).Reset(z.buf, nil)
}

func (z *inflater) release() {
	z.src.r = nil
	z.pools.inflaters.Put(z)
}

func (z *inflater) header() (*object.FileHeader, int64, error) {
	return object.ReadArchiveHeader(z.buf)
}

// Read gives inflated data. Data that ends early is not the source's failure.
func (z *inflater) Read(p []byte) (int, error) {
	n, err := z.deflate.Read(p)
	if err != nil && err != io.EOF && z.src.err == nil {
		err = errors.Join(ErrCorrupt, err)
	}
	return n, err
}

// archivedFile is the inflated data of an object in an archive repository.
type archivedFile struct {
	z *inflater
	f *os.File
}

func (a *archivedFile) Read(p []byte) (int, error) {
	if a.z == nil {
		return 0, os.ErrClosed
	}
	return a.z.Read(p)
}

func (a *archivedFile) Close() error {
	if a.z == nil {
		return os.ErrClosed
	}
	a.z.release()
	a.z = nil
	return a.f.Close()
}

func (r *Repo) openArchived(f *os.File) (*object.FileHeader, int64, io.ReadCloser, error) {
	z, err := r.pools.inflate(f)
	if err != nil {
		return nil, 0, nil, err
	}
	h, size, err := z.header()
	if err != nil {
		z.release()
		return nil, 0, nil, err
	}
	if h.IsSymlink() {
		z.release()
		f.Close()
		return h, 0, io.NopCloser(bytes.NewReader(nil)), nil
	}
	return h, size, &archivedFile{z, f}, nil
}
