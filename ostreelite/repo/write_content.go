package repo

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/object"
)

var hashers = sync.Pool{New: func() any { return object.NewHasher() }}

// WriteFile writes a content object: header, and size bytes of data from r (all
// there is, if size is negative). Data that ends early, goes on longer, or does
// not have checksum c together with the header is an ErrCorrupt and leaves
// nothing behind; r's own errors are passed on. What the repository's mode
// cannot hold is an ErrUnsupported. An object that is there already stays if it
// is good, and is replaced if not.
func (t *Txn) WriteFile(c object.Checksum, h *object.FileHeader, size int64, r io.Reader) error {
	_, err := t.writeContent(h, size, r, &c)
	if err != nil {
		return fmt.Errorf("write %s: %w", object.Name{Type: object.TypeFile, Checksum: c}, err)
	}
	return nil
}

// WriteArchived writes a content object from r, which is a .filez of an archive
// repository. It gives the size of the inflated data. Errors are as WriteFile's.
func (t *Txn) WriteArchived(c object.Checksum, r io.Reader) (size int64, err error) {
	size, err = t.writeArchived(c, r)
	if err != nil {
		return 0, fmt.Errorf("write %s: %w", object.Name{Type: object.TypeFile, Checksum: c}, err)
	}
	return size, nil
}

func (t *Txn) writeArchived(c object.Checksum, r io.Reader) (int64, error) {
	z, err := newInflater(r)
	if err != nil {
		return 0, err
	}
	defer z.release()
	h, size, err := z.header()
	if errors.Is(err, object.ErrMalformed) && z.src.err == nil {
		err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if err != nil {
		return 0, errors.Join(z.src.err, err)
	}
	_, err = t.writeContent(h, size, z, &c)
	return size, err
}

// writeContent writes an object whose checksum is want, or found out if want is
// nil.
func (t *Txn) writeContent(h *object.FileHeader, size int64, r io.Reader, want *object.Checksum) (object.Checksum, error) {
	if err := h.Validate(); err != nil {
		return object.Checksum{}, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if err := t.r.canHold(h); err != nil {
		return object.Checksum{}, err
	}
	if h.IsSymlink() {
		size, r = 0, nil
	}
	if err := t.reserve(max(size, 0)); err != nil {
		return object.Checksum{}, err
	}
	sum, size, err := t.writeByKind(h, size, r, want)
	if err != nil {
		return sum, t.failed(err)
	}
	return sum, t.wrote(size)
}

// canHold refuses what bare-user-only repositories do not store, and so could
// not give back with the checksum it had.
func (r *Repo) canHold(h *object.FileHeader) error {
	if r.Mode() == BareUserOnly {
		if h.UID != 0 || h.GID != 0 || len(h.Xattrs) > 0 {
			return fmt.Errorf("%w: a bare-user-only repository holds no owners or xattrs", ErrUnsupported)
		}
		if !h.IsSymlink() && h.Perm()&^0o775 != 0 {
			return fmt.Errorf("%w: a bare-user-only repository holds no mode %04o", ErrUnsupported, h.Perm())
		}
	}
	return nil
}

func (t *Txn) writeByKind(h *object.FileHeader, size int64, r io.Reader, want *object.Checksum) (object.Checksum, int64, error) {
	if h.IsSymlink() && (t.r.Mode() == Bare || t.r.Mode() == BareUserOnly) {
		sum, err := t.writeLink(h, want)
		return sum, 0, err
	}
	f, err := newTmpfile(t.stage.dir)
	if err != nil {
		return object.Checksum{}, 0, err
	}
	defer f.discard()
	c := copier{hash: hashers.Get().(*object.Hasher), fd: f.fd, buffers: &t.r.buffers}
	defer hashers.Put(c.hash)
	c.hash.Reset(h)
	switch {
	case t.r.Mode() == Archive:
		err = c.archive(h, size, r, t.r.config.ZlibLevel)
	case h.IsSymlink():
		err = writeAll(f.fd, append([]byte(h.Target), 0))
	default:
		err = c.copy(size, r)
	}
	if err != nil {
		return object.Checksum{}, 0, err
	}
	sum := c.hash.Sum()
	if want != nil && *want != sum {
		return sum, 0, fmt.Errorf("%w: the data has checksum %s", ErrCorrupt, sum)
	}
	if err := t.r.applyHeader(f.fd, h); err != nil {
		return sum, 0, err
	}
	return sum, c.size, t.stageFile(&f, object.Name{Type: object.TypeFile, Checksum: sum})
}

// epoch is the modification time all objects have (OSTREE_TIMESTAMP), so that
// tools which compare times see none newer.
var epoch = []unix.Timespec{{Nsec: unix.UTIME_OMIT}, {}}

// applyHeader gives the verified file owner, mode and attributes: never before,
// or there would be a set-user-ID file with somebody's bytes for a moment.
func (r *Repo) applyHeader(fd int, h *object.FileHeader) error {
	switch r.Mode() {
	case Archive:
		return unix.Fchmod(fd, 0o644)
	case Bare:
		if err := unix.Fchown(fd, int(h.UID), int(h.GID)); err != nil {
			return fmt.Errorf("set owner %d:%d: %w", h.UID, h.GID, err)
		}
		if !r.config.DisableXattrs {
			if err := setXattrs(fd, h.Xattrs); err != nil {
				return err
			}
		}
		if err := unix.Fchmod(fd, h.Perm()); err != nil {
			return err
		}
	case BareUser:
		if err := unix.Fsetxattr(fd, bareUserXattr, h.MarshalMeta(), 0); err != nil {
			return fmt.Errorf("set %s: %w", bareUserXattr, err)
		}
		perm := uint32(0o644)
		if !h.IsSymlink() {
			perm = h.Perm()&0o775 | 0o400
		}
		if err := unix.Fchmod(fd, perm); err != nil {
			return err
		}
	case BareUserOnly:
		if err := unix.Fchmod(fd, h.Perm()); err != nil {
			return err
		}
	}
	return futimens(fd, epoch)
}

// writeLink writes an object that is stored as a symbolic link.
func (t *Txn) writeLink(h *object.FileHeader, want *object.Checksum) (object.Checksum, error) {
	hash := hashers.Get().(*object.Hasher)
	hash.Reset(h)
	sum := hash.Sum()
	hashers.Put(hash)
	if want != nil && *want != sum {
		return sum, fmt.Errorf("%w: the link has checksum %s", ErrCorrupt, sum)
	}
	tmp := tempName()
	if err := unix.Symlinkat(h.Target, t.stage.dir, tmp); err != nil {
		return sum, err
	}
	err := t.applyLinkHeader(tmp, h)
	if err == nil {
		n := object.Name{Type: object.TypeFile, Checksum: sum}
		path := loosePath(n, t.r.Mode())
		t.publishing.RLock()
		defer t.publishing.RUnlock()
		if err = t.stagedDir(path, sum[0]); err == nil {
			err = unix.Renameat(t.stage.dir, tmp, t.stage.dir, path)
		}
	}
	if err != nil {
		_ = unix.Unlinkat(t.stage.dir, tmp, 0)
	}
	return sum, err
}

func (t *Txn) applyLinkHeader(name string, h *object.FileHeader) error {
	if t.r.Mode() != Bare {
		return nil
	}
	if err := unix.Fchownat(t.stage.dir, name, int(h.UID), int(h.GID), unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return fmt.Errorf("set owner %d:%d: %w", h.UID, h.GID, err)
	}
	if t.r.config.DisableXattrs {
		return nil
	}
	return setLinkXattrs(t.stage.dir, name, h.Xattrs)
}
