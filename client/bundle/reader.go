package bundle

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// maxEntries bounds the time that an archive of nothing can take; no system has
// as many files.
const maxEntries = 8 << 20

// reader goes through the files of an archive.
type reader struct {
	tar     *tar.Reader
	src     *source
	entries int
	// header and entry are those of the file that Read reads.
	header *tar.Header
	entry  entry
}

// newReader reads an archive from r, packed or not.
func newReader(ctx context.Context, r io.Reader) (*reader, func(), error) {
	src := &source{ctx: ctx, r: r}
	unpacked, release, err := unpack(src)
	if err != nil {
		return nil, nil, src.blame(err)
	}
	return &reader{tar: tar.NewReader(unpacked), src: src}, release, nil
}

// next goes to the next file that is looked at; io.EOF is the end.
func (r *reader) next() error {
	for {
		header, err := r.tar.Next()
		if err == io.EOF && r.src.err == nil {
			return io.EOF
		}
		if err != nil {
			return r.src.blame(err)
		}
		if r.entries++; r.entries > maxEntries {
			return fmt.Errorf("%w: it has more than %d entries", ErrMalformed, maxEntries)
		}
		if header.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		if r.entry, err = classify(header.Name); err != nil {
			return err
		}
		switch {
		case r.entry.kind == bareObject:
			return fmt.Errorf("%w: its OSTree repository is not in archive mode, as it must be here; "+
				"pack one made by 'ostree init --mode=archive', or give the directory itself", ErrMalformed)
		case header.Typeflag == tar.TypeDir:
		case header.Typeflag != tar.TypeReg:
			return fmt.Errorf("%w: %.200q is neither a file nor a directory", ErrMalformed, header.Name)
		case r.entry.kind != other:
			r.header = header
			return nil
		}
	}
}

// Read reads the file.
func (r *reader) Read(p []byte) (int, error) {
	n, err := r.tar.Read(p)
	if err != nil && err != io.EOF {
		err = r.src.blame(err)
	}
	return n, err
}

// note puts the file into the index, and into the documents if it is one.
func (r *reader) note(x *Index, d *documents) error {
	switch e := r.entry; e.kind {
	case document:
		return d.add(e.name, r.header.Size, r)
	case ostreeObject:
		x.Objects++
		if e.object.Type == object.TypeCommit {
			return x.addCommit(e.object.Checksum)
		}
	case appURI:
		if r.header.Size > maxURI {
			return nil
		}
		uri, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		return x.addApp(uri)
	case blob:
		return x.addBlob(e.name, r.header.Size)
	}
	return nil
}

// source is what an archive is read from. It ends with its context, and
// remembers an error to tell it from a bad archive.
type source struct {
	ctx context.Context
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	if s.err == nil && s.ctx.Err() != nil {
		s.err = context.Cause(s.ctx)
	}
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// blame says whose fault a failure to read the archive is: the source's, or
// else the archive's.
func (s *source) blame(err error) error {
	if s.err != nil {
		return s.err
	}
	if errors.Is(err, ErrMalformed) {
		return err
	}
	return fmt.Errorf("%w: the archive is damaged: %w", ErrMalformed, err)
}
