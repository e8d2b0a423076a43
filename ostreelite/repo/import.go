package repo

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// ImportFile writes a content object that another repository has, verified: as
// a hard link to its file if both have the same mode and filesystem (as
// libostree's local pull), else as a copy. It gives the size of the data.
// Errors are those of OpenFile and WriteFile.
func (t *Txn) ImportFile(src *Repo, c object.Checksum) (size int64, err error) {
	if src.Mode() == t.r.Mode() {
		size, err := t.linkFrom(src, c)
		if !errors.Is(err, errors.ErrUnsupported) {
			return size, err
		}
	}
	h, size, data, err := src.openContent(src.objects, c)
	if err != nil {
		return 0, err
	}
	defer data.Close()
	return size, t.WriteFile(c, h, size, data)
}

// linkFrom is an errors.ErrUnsupported where a copy must do.
func (t *Txn) linkFrom(src *Repo, c object.Checksum) (int64, error) {
	n := object.Name{Type: object.TypeFile, Checksum: c}
	if err := src.Verify(n); err != nil {
		return 0, err
	}
	size, err := src.FileSize(c)
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
