package repo

import (
	"errors"
	"fmt"
	"io"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// file makes a regular file or symbolic link.
func (c *checkout) file(at int, e object.FileEntry) error {
	if c.mayLink() {
		done, err := c.link(at, e)
		if done || err != nil {
			return err
		}
	}
	return c.copy(at, e)
}

// mayLink reports whether the repository's files are as the checkout's are to be.
func (c *checkout) mayLink() bool {
	switch {
	case c.o.Copy:
		return false
	case c.o.User:
		return c.r.Mode() == BareUser || c.r.Mode() == BareUserOnly
	}
	return c.r.Mode() == Bare
}

// link makes a hard link. done is false where a copy must do.
func (c *checkout) link(at int, e object.FileEntry) (done bool, err error) {
	n := object.Name{Type: object.TypeFile, Checksum: e.Checksum}
	path := loosePath(n, c.r.Mode())
	var st unix.Stat_t
	if err := unix.Fstatat(c.r.objects, path, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return false, objectError(n, err)
	}
	regular := st.Mode&unix.S_IFMT == unix.S_IFREG
	if regular && (st.Size == 0 || c.o.User && st.Mode&0o400 == 0) {
		// A copy is given the permission to be read, the object must not be.
		return false, nil
	}
	if c.r.Mode() == BareUser && st.Mode&unix.S_IFMT == unix.S_IFREG {
		// Symbolic links are regular files there.
		var buf [4096]byte
		size, err := unix.Lgetxattr(fdPath(c.r.objects, path), bareUserXattr, buf[:])
		if err != nil {
			return false, nil
		}
		h, err := object.ParseMeta(buf[:size])
		if err != nil || h.IsSymlink() {
			return false, nil
		}
	}
	err = unix.Linkat(c.r.objects, path, at, e.Name, 0)
	switch err {
	case nil:
		return true, nil
	case unix.EXDEV, unix.EMLINK, unix.EPERM:
		return false, nil
	}
	return false, fmt.Errorf("link: %w", err)
}

func (c *checkout) copy(at int, e object.FileEntry) error {
	h, data, err := c.r.OpenFile(e.Checksum)
	if err != nil {
		return err
	}
	defer data.Close()
	if h.IsSymlink() {
		return c.symlink(at, e.Name, h)
	}
	f, err := newTmpfile(at)
	if err != nil {
		return err
	}
	defer f.discard()
	if err := c.fill(f.fd, data); err != nil {
		return err
	}
	perm := h.Perm()
	if c.o.User {
		perm = perm&^(unix.S_ISUID|unix.S_ISGID) | 0o400
	} else {
		if err := unix.Fchown(f.fd, int(h.UID), int(h.GID)); err != nil {
			return fmt.Errorf("set owner %d:%d: %w", h.UID, h.GID, err)
		}
		if err := setXattrs(f.fd, h.Xattrs); err != nil {
			return err
		}
	}
	if err := unix.Fchmod(f.fd, perm); err != nil {
		return err
	}
	if !c.o.Copy {
		if err := futimens(f.fd, epoch); err != nil {
			return err
		}
	}
	if c.o.Fsync {
		if err := unix.Fsync(f.fd); err != nil {
			return err
		}
	}
	return f.link(at, e.Name)
}

// fill makes fd share the data's blocks where the filesystem can, else copies.
func (c *checkout) fill(fd int, data io.Reader) error {
	if f, ok := data.(*rawFile); ok {
		if unix.IoctlFileClone(fd, f.fd) == nil {
			return nil
		}
	}
	buf := c.r.pools.buffer()
	defer c.r.pools.buffers.Put(buf)
	for {
		n, err := data.Read(buf[:])
		if e := writeAll(fd, buf[:n]); e != nil {
			return e
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (c *checkout) symlink(at int, name string, h *object.FileHeader) error {
	if err := unix.Symlinkat(h.Target, at, name); err != nil {
		return fmt.Errorf("make link: %w", err)
	}
	if c.o.User {
		return nil
	}
	if err := unix.Fchownat(at, name, int(h.UID), int(h.GID), unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return fmt.Errorf("set owner %d:%d: %w", h.UID, h.GID, err)
	}
	return setLinkXattrs(at, name, h.Xattrs)
}
