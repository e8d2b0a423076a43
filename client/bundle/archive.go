package bundle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/sotabox/sotabox/ostreelite/pull"
	"github.com/sotabox/sotabox/ostreelite/repo"
	"github.com/sotabox/sotabox/tuf"
)

// archive is a bundle in a file: read once to see what is in it, and again to
// pull from it.
type archive struct {
	file *os.File
	documents
	listed *Index
}

func openFile(ctx context.Context, f *os.File) (_ content, err error) {
	a := &archive{file: f, listed: newIndex()}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	err = a.each(ctx, func(r *reader) error { return r.note(a.listed, &a.documents) })
	return a, err
}

// each visits the files that are looked at, from the first.
func (a *archive) each(ctx context.Context, visit func(*reader) error) error {
	if _, err := a.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	r, release, err := newReader(ctx, a.file)
	if err != nil {
		return err
	}
	defer release()
	return r.each(visit)
}

func (r *reader) each(visit func(*reader) error) error {
	for {
		err := r.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := visit(r); err != nil {
			return err
		}
	}
}

func (a *archive) metadata() tuf.Source { return &a.documents }

func (a *archive) index(context.Context) (*Index, error) { return a.listed, nil }

func (a *archive) pull(ctx context.Context, dst *repo.Repo, o PullOptions) (pull.Stats, error) {
	return importFrom(ctx, dst, o, a.listed.Objects, func(i *importer) error {
		return a.each(ctx, i.take)
	})
}

func (a *archive) close() error { return a.file.Close() }

// stream is a bundle that can be read only once. It is read up to the first file
// that is no metadata, and from there when it is pulled from.
type stream struct {
	from    io.ReadCloser
	reader  *reader
	release func()
	documents
	listed *Index
	// pending tells that the reader is at a file that was not looked at yet.
	pending bool
	spent   bool
}

var errSpent = errors.New("the stream was read already; send it again")

func openStream(ctx context.Context, from io.ReadCloser) (_ content, err error) {
	s := &stream{from: from, listed: newIndex(), release: func() {}}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.reader, s.release, err = newReader(ctx, from); err != nil {
		s.release = func() {}
		return nil, err
	}
	for {
		err := s.reader.next()
		switch {
		case err == io.EOF:
			return s, nil
		case err != nil:
			return nil, err
		case s.reader.entry.isContent():
			if len(s.documents.byName) == 0 {
				return nil, fmt.Errorf("%w: in a stream tuf/ must come before ostree_repo/ and apps/; pack it in that order, or give the archive as a file", ErrMalformed)
			}
			s.pending = true
			return s, nil
		}
		if err := s.reader.note(s.listed, &s.documents); err != nil {
			return nil, err
		}
	}
}

// rest visits the files after the metadata.
func (s *stream) rest(ctx context.Context, visit func(*reader) error) error {
	if !s.pending {
		return nil
	}
	s.pending = false
	s.reader.src.ctx = ctx
	visitContent := func(r *reader) error {
		if !r.entry.isContent() {
			return fmt.Errorf("%w: in a stream tuf/ must come before ostree_repo/ and apps/, but tuf/%s comes later", ErrMalformed, r.entry.name)
		}
		if err := r.note(s.listed, nil); err != nil {
			return err
		}
		return visit(r)
	}
	if err := visitContent(s.reader); err != nil {
		return err
	}
	return s.reader.each(visitContent)
}

func (s *stream) metadata() tuf.Source { return &s.documents }

func (s *stream) index(ctx context.Context) (*Index, error) {
	err := s.rest(ctx, func(*reader) error { return nil })
	s.spent = true
	return s.listed, err
}

func (s *stream) pull(ctx context.Context, dst *repo.Repo, o PullOptions) (pull.Stats, error) {
	return importFrom(ctx, dst, o, 0, func(i *importer) error {
		if s.spent {
			return errSpent
		}
		s.spent = true
		return s.rest(ctx, i.take)
	})
}

func (s *stream) close() error {
	s.release()
	return s.from.Close()
}
