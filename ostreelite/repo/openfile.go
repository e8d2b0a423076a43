package repo

import (
	"bytes"
	"fmt"
	"io"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// OpenFile opens a content object. The data of a symbolic link is empty. What
// is read is not verified (see VerifyFile); a Txn verifies what it is given.
// The error is an ErrNotFound, an ErrCorrupt, or the system's.
func (r *Repo) OpenFile(c object.Checksum) (*object.FileHeader, io.ReadCloser, error) {
	h, _, data, err := r.openContent(r.objects, c)
	return h, data, err
}

// FileSize is the size of the data of a content object, in bytes, without
// reading the data. Errors are as OpenFile's.
func (r *Repo) FileSize(c object.Checksum) (int64, error) {
	_, size, data, err := r.openContent(r.objects, c)
	if err != nil {
		return 0, err
	}
	return size, data.Close()
}

// openContent opens a content object that is in objects/ or a staging directory.
func (r *Repo) openContent(dirfd int, c object.Checksum) (*object.FileHeader, int64, io.ReadCloser, error) {
	n := object.Name{Type: object.TypeFile, Checksum: c}
	path := loosePath(n, r.Mode())
	fd, err := openAt(dirfd, path, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err == unix.ELOOP && (r.Mode() == Bare || r.Mode() == BareUserOnly) {
		h, err := r.openLink(dirfd, path)
		if err != nil {
			return nil, 0, nil, objectError(n, err)
		}
		return h, 0, noData(), nil
	}
	if err != nil {
		return nil, 0, nil, objectError(n, err)
	}
	f := &rawFile{fd}
	h, size, data, err := r.openRegular(f)
	if err != nil {
		f.Close()
		return nil, 0, nil, fmt.Errorf("%w: %s: %w", ErrCorrupt, n, err)
	}
	return h, size, data, nil
}

func (r *Repo) openLink(dirfd int, path string) (*object.FileHeader, error) {
	var st unix.Stat_t
	if err := unix.Fstatat(dirfd, path, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return nil, err
	}
	target, err := readLink(dirfd, path)
	if err != nil {
		return nil, err
	}
	h := &object.FileHeader{Mode: st.Mode, Target: target}
	if r.Mode() == Bare {
		h.UID, h.GID = st.Uid, st.Gid
		if !r.config.DisableXattrs {
			h.Xattrs, err = readXattrs(xattrFile{path: fdPath(dirfd, path)})
		}
	}
	return h, err
}

func readLink(dirfd int, path string) (string, error) {
	b, err := growing(256, func(b []byte) (int, error) {
		n, err := unix.Readlinkat(dirfd, path, b)
		if n == len(b) {
			return 0, unix.ERANGE
		}
		return n, err
	})
	return string(b), err
}

// openRegular takes an object apart that is a regular file on disk.
func (r *Repo) openRegular(f *rawFile) (*object.FileHeader, int64, io.ReadCloser, error) {
	var st unix.Stat_t
	if err := unix.Fstat(f.fd, &st); err != nil {
		return nil, 0, nil, err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil, 0, nil, fmt.Errorf("mode %o", st.Mode)
	}
	switch r.Mode() {
	case Archive:
		return r.openArchived(f)
	case BareUser:
		return openBareUser(f, st.Size)
	}
	h := &object.FileHeader{Mode: st.Mode}
	var err error
	if r.Mode() == Bare {
		h.UID, h.GID = st.Uid, st.Gid
		if !r.config.DisableXattrs {
			h.Xattrs, err = readXattrs(xattrFile{fd: f.fd})
		}
	}
	return h, st.Size, f, err
}

func openBareUser(f *rawFile, size int64) (*object.FileHeader, int64, io.ReadCloser, error) {
	meta, err := growing(512, func(b []byte) (int, error) { return unix.Fgetxattr(f.fd, bareUserXattr, b) })
	if err != nil {
		return nil, 0, nil, fmt.Errorf("read %s: %w", bareUserXattr, err)
	}
	h, err := object.ParseMeta(meta)
	if err != nil || !h.IsSymlink() {
		return h, size, f, err
	}
	target, err := io.ReadAll(io.LimitReader(f, unix.PathMax+1))
	if err != nil {
		return nil, 0, nil, err
	}
	h.Target = string(bytes.TrimSuffix(target, []byte{0}))
	f.Close()
	return h, 0, noData(), h.Validate()
}
