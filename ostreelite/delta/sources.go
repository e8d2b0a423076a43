package delta

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// sources opens the objects of the repository that a program reads from. It keeps
// the last one open, which programs come back to again and again.
type sources struct {
	repo   *repo.Repo
	temp   func() (*os.File, error)
	last   object.Checksum
	file   io.ReaderAt
	closer io.Closer
}

// open opens the data of a file. That the repository does not have it is the
// delta's fault; what is in it needs no check, the check of what is made of it
// does.
func (s *sources) open(c object.Checksum) (io.ReaderAt, error) {
	if s.file != nil && s.last == c {
		return s.file, nil
	}
	s.close()
	h, data, err := s.repo.OpenFile(c)
	if errors.Is(err, repo.ErrNotFound) || errors.Is(err, repo.ErrCorrupt) {
		return nil, bad(err)
	}
	if err != nil {
		return nil, err
	}
	if h.IsSymlink() {
		data.Close()
		return nil, malformed("source is a symbolic link")
	}
	if at, ok := data.(io.ReaderAt); ok {
		s.last, s.file, s.closer = c, at, data
		return at, nil
	}
	defer data.Close()
	return s.unpack(c, data)
}

// unpack copies a source that can only be read from front to end: an archive
// repository has it compressed.
func (s *sources) unpack(c object.Checksum, data io.Reader) (io.ReaderAt, error) {
	f, err := s.temp()
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(f, data); err != nil {
		f.Close()
		return nil, fmt.Errorf("unpack source %s: %w", c, err)
	}
	s.last, s.file, s.closer = c, f, f
	return f, nil
}

func (s *sources) close() {
	if s.closer != nil {
		s.closer.Close()
	}
	s.file, s.closer = nil, nil
}
