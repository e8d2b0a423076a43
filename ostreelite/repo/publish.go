package repo

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// publish moves all that is staged into objects/: first the bytes to the disk,
// then the names, then the names to the disk. A cut anywhere leaves objects
// that are whole or not there.
func (t *Txn) publish() error {
	if err := t.flush.sync(t); err != nil {
		return err
	}
	names, err := listDir(t.stage.dir)
	if err != nil {
		return err
	}
	moved := false
	for _, name := range names {
		if len(name) != 2 {
			continue
		}
		moved = true
		if t.publishWhole(name) {
			continue
		}
		err := unix.Mkdirat(t.r.objects, name, 0o777)
		if err != nil && err != unix.EEXIST {
			return err
		}
		if err := t.publishDir(name); err != nil {
			return err
		}
	}
	if !moved {
		return nil
	}
	return t.flush.sync(t)
}

// publishWhole moves a directory of staged objects at once, if objects/ has none
// of its name yet: in an empty repository that replaces 64 renames by one.
func (t *Txn) publishWhole(dir string) bool {
	if unix.Renameat2(t.stage.dir, dir, t.r.objects, dir, unix.RENAME_NOREPLACE) != nil {
		return false
	}
	if b, err := hex.DecodeString(dir); err == nil {
		t.made[b[0]].Store(false)
	}
	return true
}

func (t *Txn) publishDir(dir string) error {
	src, err := openAt(t.stage.dir, dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer unix.Close(src)
	dst, err := openDir(t.r.objects, dir)
	if err != nil {
		return err
	}
	defer unix.Close(dst)
	names, err := listDir(src)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := t.publishObject(src, dst, dir, name); err != nil {
			return fmt.Errorf("object %s%s: %w", dir, name, err)
		}
	}
	return nil
}

func (t *Txn) publishObject(src, dst int, dir, name string) error {
	err := renameNoReplace(src, dst, name)
	if err != unix.EEXIST {
		return err
	}
	// A good object keeps its inode, which deployments share. Anything else
	// (detached metadata too, which is not named after its content) gives way.
	n, _, ok := parseLoosePath(dir, name, t.r.Mode())
	if ok {
		err := t.r.Verify(n)
		if err == nil {
			return unix.Unlinkat(src, name, 0)
		}
		if !errors.Is(err, ErrCorrupt) {
			return err
		}
	}
	return unix.Renameat(src, name, dst, name)
}

// renameNoReplace moves a file unless the name is taken (unix.EEXIST).
func renameNoReplace(src, dst int, name string) error {
	err := unix.Renameat2(src, name, dst, name, unix.RENAME_NOREPLACE)
	if err != unix.EINVAL && err != unix.ENOSYS {
		return err
	}
	if err := unix.Linkat(src, name, dst, name, 0); err != nil {
		return err
	}
	return unix.Unlinkat(src, name, 0)
}

// Verify reads an object and checks that it is valid and has its checksum. The
// error is an ErrNotFound, an ErrCorrupt, or the system's.
func (r *Repo) Verify(n object.Name) error {
	if n.Type == object.TypeFile {
		_, err := r.verifyFile(n)
		return err
	}
	data, err := r.Metadata(n)
	if err != nil {
		return err
	}
	if err := parseMetadata(n.Type, data); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrCorrupt, n, err)
	}
	return nil
}

// verifyFile verifies a content object and gives the size of its data.
func (r *Repo) verifyFile(n object.Name) (int64, error) {
	h, size, data, err := r.openContent(r.objects, n.Checksum)
	if err != nil {
		return 0, err
	}
	defer data.Close()
	sum, err := r.sumFile(h, data)
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", n, err)
	}
	if sum != n.Checksum {
		return 0, fmt.Errorf("%w: %s", ErrCorrupt, n)
	}
	return size, nil
}

// sumFile is the checksum of a content object with the given header and data.
func (r *Repo) sumFile(h *object.FileHeader, data io.Reader) (object.Checksum, error) {
	hash := r.pools.hasher(h)
	defer r.pools.hashers.Put(hash)
	p, release := r.pools.piecesOf(data)
	defer release()
	for {
		piece, err := p.next()
		if err == io.EOF {
			return hash.Sum(), nil
		}
		if err != nil {
			return object.Checksum{}, err
		}
		hash.Write(piece)
	}
}
