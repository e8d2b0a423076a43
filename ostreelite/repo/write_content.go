package repo

import (
	"fmt"
	"io"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// WriteFile writes a content object: header, and size bytes of data from r (all
// there is, if size is negative). Data that ends early, goes on longer, or does
// not have checksum c together with the header is an ErrCorrupt and leaves
// nothing behind; r's own errors are passed on. What the repository's mode
// cannot hold is an ErrUnsupported. An object that is there already stays if it
// is good, and is replaced if not.
func (t *Txn) WriteFile(c object.Checksum, h *object.FileHeader, size int64, r io.Reader) error {
	if err := t.writeContent(c, h, size, r); err != nil {
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
	z := t.r.pools.inflate(r)
	defer z.release()
	h, size, err := z.header()
	if err != nil {
		return 0, err
	}
	if h.IsSymlink() {
		if err := z.end(); err != nil {
			return 0, err
		}
	}
	return size, t.writeContent(c, h, size, wholeStream{z})
}

// wholeStream insists that the data is all there is in the stream.
type wholeStream struct{ *inflater }

func (w wholeStream) next() ([]byte, error) {
	piece, err := w.inflater.next()
	if err == io.EOF {
		if e := w.end(); e != nil {
			err = e
		}
	}
	return piece, err
}

func (t *Txn) writeContent(c object.Checksum, h *object.FileHeader, size int64, r io.Reader) error {
	if err := h.Validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if err := t.r.canHold(h); err != nil {
		return err
	}
	if h.IsSymlink() {
		size, r = 0, nil
	}
	if err := t.reserve(max(size, 0)); err != nil {
		return err
	}
	var err error
	if h.IsSymlink() && (t.r.Mode() == Bare || t.r.Mode() == BareUserOnly) {
		err = t.writeLink(c, h)
	} else {
		size, err = t.writeFile(c, h, size, r)
	}
	if err != nil {
		return t.failed(err)
	}
	return t.wrote(size)
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

// writeFile writes an object that is stored as a regular file, and gives the
// size of its data.
func (t *Txn) writeFile(want object.Checksum, h *object.FileHeader, size int64, r io.Reader) (int64, error) {
	f, err := t.birth.file(t.stage.dir, t.r.filePerm(h))
	if err != nil {
		return 0, err
	}
	defer f.discard()
	pools := &t.r.pools
	c := copier{hash: pools.hasher(h), fd: f.fd, pools: pools}
	defer pools.hashers.Put(c.hash)
	switch {
	case t.r.Mode() == Archive:
		err = c.archive(h, size, r, t.r.config.ZlibLevel)
	case h.IsSymlink():
		err = writeAll(f.fd, append([]byte(h.Target), 0))
	default:
		err = c.copy(size, r)
	}
	if err != nil {
		return 0, err
	}
	if sum := c.hash.Sum(); sum != want {
		return 0, fmt.Errorf("%w: the data has checksum %s", ErrCorrupt, sum)
	}
	if err := t.applyHeader(&f, h); err != nil {
		return 0, err
	}
	return c.size, t.stageFile(&f, object.Name{Type: object.TypeFile, Checksum: want})
}

// epoch is the modification time all objects have (OSTREE_TIMESTAMP), so that
// tools which compare times see none newer.
var epoch = []unix.Timespec{{Nsec: unix.UTIME_OMIT}, {}}

// filePerm is the mode of a content object that is stored as a regular file.
func (r *Repo) filePerm(h *object.FileHeader) uint32 {
	switch {
	case r.Mode() == Archive, h.IsSymlink():
		return 0o644
	case r.Mode() == BareUser:
		return h.Perm()&0o775 | 0o400
	}
	return h.Perm()
}

// applyHeader gives the verified file owner, attributes and mode: never before,
// or there would be a set-user-ID file with somebody's bytes for a moment.
func (t *Txn) applyHeader(f *tmpfile, h *object.FileHeader) error {
	switch t.r.Mode() {
	case Bare:
		if err := t.birth.chown(f, h.UID, h.GID); err != nil {
			return fmt.Errorf("set owner %d:%d: %w", h.UID, h.GID, err)
		}
		if !t.r.config.DisableXattrs {
			if err := setXattrs(f.fd, h.Xattrs); err != nil {
				return err
			}
		}
	case BareUser:
		if err := unix.Fsetxattr(f.fd, bareUserXattr, h.MarshalMeta(), 0); err != nil {
			return fmt.Errorf("set %s: %w", bareUserXattr, err)
		}
	}
	if err := t.birth.chmod(f, t.r.filePerm(h)); err != nil || t.r.Mode() == Archive {
		return err
	}
	return futimens(f.fd, epoch)
}

// writeLink writes an object that is stored as a symbolic link.
func (t *Txn) writeLink(want object.Checksum, h *object.FileHeader) error {
	hash := t.r.pools.hasher(h)
	sum := hash.Sum()
	t.r.pools.hashers.Put(hash)
	if sum != want {
		return fmt.Errorf("%w: the link has checksum %s", ErrCorrupt, sum)
	}
	tmp := tempName()
	if err := unix.Symlinkat(h.Target, t.stage.dir, tmp); err != nil {
		return err
	}
	err := t.applyLinkHeader(tmp, h)
	if err == nil {
		err = t.stageLink(tmp, want)
	}
	if err != nil {
		_ = unix.Unlinkat(t.stage.dir, tmp, 0)
	}
	return err
}

func (t *Txn) stageLink(tmp string, c object.Checksum) error {
	path := loosePath(object.Name{Type: object.TypeFile, Checksum: c}, t.r.Mode())
	t.publishing.RLock()
	defer t.publishing.RUnlock()
	if err := t.stagedDir(path, c[0]); err != nil {
		return err
	}
	return unix.Renameat(t.stage.dir, tmp, t.stage.dir, path)
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
