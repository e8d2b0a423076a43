package repo

import (
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
	if t.r.config.Fsync {
		if err := unix.Syncfs(t.r.dir); err != nil {
			return err
		}
	}
	names, err := listDir(t.stage.dir)
	if err != nil {
		return err
	}
	made := false
	for _, name := range names {
		if len(name) != 2 {
			continue
		}
		err := unix.Mkdirat(t.r.objects, name, 0o777)
		if err != nil && err != unix.EEXIST {
			return err
		}
		made = made || err == nil
		if err := t.publishDir(name); err != nil {
			return err
		}
	}
	if made && t.r.config.Fsync {
		return unix.Fsync(t.r.objects)
	}
	return nil
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
	if err != nil || len(names) == 0 {
		return err
	}
	for _, name := range names {
		if err := t.publishObject(src, dst, dir, name); err != nil {
			return fmt.Errorf("object %s%s: %w", dir, name, err)
		}
	}
	if t.r.config.Fsync {
		return unix.Fsync(dst)
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
		return r.verifyFile(n)
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

func (r *Repo) verifyFile(n object.Name) error {
	h, data, err := r.OpenFile(n.Checksum)
	if err != nil {
		return err
	}
	defer data.Close()
	sum, err := r.sumFile(h, data)
	if err != nil {
		return fmt.Errorf("read %s: %w", n, err)
	}
	if sum != n.Checksum {
		return fmt.Errorf("%w: %s", ErrCorrupt, n)
	}
	return nil
}

// sumFile is the checksum of a content object with the given header and data.
func (r *Repo) sumFile(h *object.FileHeader, data io.Reader) (object.Checksum, error) {
	hash := r.pools.hasher(h)
	defer r.pools.hashers.Put(hash)
	buf := r.pools.buffer()
	defer r.pools.buffers.Put(buf)
	_, err := io.CopyBuffer(hash, struct{ io.Reader }{data}, buf[:])
	return hash.Sum(), err
}
