package repo

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// Has reports whether the repository has a file for the object. It does not
// read it.
func (r *Repo) Has(n object.Name) (bool, error) {
	return hasAt(r.objects, loosePath(n, r.Mode()))
}

func hasAt(dirfd int, path string) (bool, error) {
	err := unix.Faccessat(dirfd, path, unix.F_OK, unix.AT_SYMLINK_NOFOLLOW)
	if err == unix.ENOENT {
		return false, nil
	}
	return err == nil, err
}

// Metadata is the bytes of a commit, dirtree or dirmeta, checksum verified. The
// error is an ErrNotFound, an ErrCorrupt, or the system's.
func (r *Repo) Metadata(n object.Name) ([]byte, error) {
	return r.metadataAt(r.objects, n)
}

func (r *Repo) metadataAt(dirfd int, n object.Name) ([]byte, error) {
	if !n.Type.IsMetadata() {
		return nil, fmt.Errorf("%w: %s is no metadata", ErrUnsupported, n)
	}
	data, err := readFileAt(dirfd, loosePath(n, r.Mode()), object.MaxMetadataSize)
	if err != nil {
		return nil, objectError(n, err)
	}
	if object.Sum(data) != n.Checksum {
		return nil, fmt.Errorf("%w: %s", ErrCorrupt, n)
	}
	return data, nil
}

// objectError says which object it was, and classes the error.
func objectError(n object.Name, err error) error {
	switch err {
	case unix.ENOENT:
		return fmt.Errorf("%w: %s", ErrNotFound, n)
	case unix.ELOOP, unix.ENXIO, unix.EISDIR:
		return fmt.Errorf("%w: %s is no regular file", ErrCorrupt, n)
	}
	if errors.Is(err, errTooLarge) {
		return fmt.Errorf("%w: %s: %w", ErrCorrupt, n, err)
	}
	return fmt.Errorf("read %s: %w", n, err)
}

// Commit reads and parses a commit. Errors are as Metadata's.
func (r *Repo) Commit(c object.Checksum) (*object.Commit, error) {
	return load(r, object.Name{Type: object.TypeCommit, Checksum: c}, object.ParseCommit)
}

// DirTree reads and parses a dirtree. Errors are as Metadata's.
func (r *Repo) DirTree(c object.Checksum) (*object.DirTree, error) {
	return load(r, object.Name{Type: object.TypeDirTree, Checksum: c}, object.ParseDirTree)
}

// DirMeta reads and parses a dirmeta. Errors are as Metadata's.
func (r *Repo) DirMeta(c object.Checksum) (*object.DirMeta, error) {
	return load(r, object.Name{Type: object.TypeDirMeta, Checksum: c}, object.ParseDirMeta)
}

// ViewDirTree reads and checks a dirtree without making a list of it, which suits
// large directories. Errors are as Metadata's.
func (r *Repo) ViewDirTree(c object.Checksum) (object.DirTreeView, error) {
	return load(r, object.Name{Type: object.TypeDirTree, Checksum: c}, object.ViewDirTree)
}

func load[T any](r *Repo, n object.Name, parse func([]byte) (T, error)) (T, error) {
	data, err := r.Metadata(n)
	if err != nil {
		var none T
		return none, err
	}
	v, err := parse(data)
	if err != nil {
		return v, fmt.Errorf("%w: %s: %w", ErrCorrupt, n, err)
	}
	return v, nil
}
