package repo

import (
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// ImportFile writes a content object that another repository has, verified: as
// a hard link to its file if both have the same mode and filesystem (as
// libostree's local pull), else sharing its blocks where the filesystem can,
// else as a copy. It gives the size of the data, and ends with ctx, however
// large that is. Errors are those of OpenFile and WriteFile.
func (t *Txn) ImportFile(ctx context.Context, src *Repo, c object.Checksum) (size int64, err error) {
	if src.Mode() == t.r.Mode() {
		size, err := t.linkFrom(src, c)
		if !errors.Is(err, errors.ErrUnsupported) {
			return size, err
		}
	}
	return t.CopyFile(ctx, src, c)
}

// CopyFile is ImportFile without hard links: what somebody does to the other
// repository later does not reach this one.
func (t *Txn) CopyFile(ctx context.Context, src *Repo, c object.Checksum) (size int64, err error) {
	h, size, data, err := src.openContent(src.objects, c)
	if err != nil {
		return 0, err
	}
	defer data.Close()
	if f, ok := data.(*rawFile); ok && t.r.Mode() != Archive {
		err := t.cloneFrom(ctx, f, c, h, size)
		if !errors.Is(err, errors.ErrUnsupported) {
			return size, err
		}
	}
	return size, t.WriteFile(c, h, size, withContext(ctx, data))
}

// ctxReader ends with its context.
type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func (c ctxReader) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.r.Read(p)
}

// withContext keeps what the reader has beside Read.
func withContext(ctx context.Context, r io.Reader) io.Reader {
	if p, ok := r.(pieces); ok {
		return ctxPieces{ctxReader{ctx, r}, p}
	}
	return ctxReader{ctx, r}
}

type ctxPieces struct {
	ctxReader
	p pieces
}

func (c ctxPieces) next() ([]byte, error) {
	if c.ctx.Err() != nil {
		return nil, context.Cause(c.ctx)
	}
	return c.p.next()
}

// cloneFrom is an errors.ErrUnsupported where a copy must do. What is verified
// is the clone, which nobody else can change.
func (t *Txn) cloneFrom(ctx context.Context, data *rawFile, c object.Checksum, h *object.FileHeader, size int64) error {
	if err := h.Validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if err := t.r.canHold(h); err != nil {
		return err
	}
	n := object.Name{Type: object.TypeFile, Checksum: c}
	if t.cannotClone.Load() {
		return errors.ErrUnsupported
	}
	f, err := t.birth.file(t.stage.dir, t.r.filePerm(h))
	if err != nil {
		return t.failed(err)
	}
	defer f.discard()
	if err := unix.IoctlFileClone(f.fd, data.fd); err != nil {
		// Not this one, or none: then do not make a file for each to find out.
		t.cannotClone.Store(err == unix.EOPNOTSUPP || err == unix.ENOTTY || err == unix.EXDEV)
		return errors.ErrUnsupported
	}
	sum, err := t.r.sumFile(h, ctxReader{ctx, &rawFile{f.fd}})
	if err == nil && sum != c {
		err = fmt.Errorf("%w: the data has checksum %s", ErrCorrupt, sum)
	}
	if err == nil {
		err = t.applyHeader(&f, h)
	}
	if err == nil {
		err = t.stageFile(&f, n)
	}
	if err != nil {
		return fmt.Errorf("clone %s: %w", n, t.failed(err))
	}
	return t.wrote(size)
}

// linkFrom is an errors.ErrUnsupported where a copy must do.
func (t *Txn) linkFrom(src *Repo, c object.Checksum) (int64, error) {
	n := object.Name{Type: object.TypeFile, Checksum: c}
	size, err := src.verifyFile(n)
	if err != nil {
		return 0, err
	}
	path := loosePath(n, src.Mode())
	if err := t.stageForeign(src, path, c); err != nil {
		return 0, fmt.Errorf("link %s: %w", n, t.failed(err))
	}
	return size, t.wrote(size)
}

func (t *Txn) stageForeign(src *Repo, path string, c object.Checksum) error {
	t.publishing.RLock()
	defer t.publishing.RUnlock()
	if err := t.stagedDir(path, c[0]); err != nil {
		return err
	}
	err := unix.Linkat(src.objects, path, t.stage.dir, path, 0)
	switch err {
	case unix.EEXIST:
		return nil
	case unix.EXDEV, unix.EPERM, unix.EMLINK:
		return errors.ErrUnsupported
	}
	return err
}
