package repo

import (
	"bytes"
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// fdPath names the file open as fd, or a file in the directory open as fd,
// for system calls that only take paths.
func fdPath(fd int, name string) string {
	path := "/proc/self/fd/" + strconv.Itoa(fd)
	if name != "" {
		path += "/" + name
	}
	return path
}

// xattrFile is a file whose attributes are read: by descriptor or, for a
// symbolic link, by path without following it.
type xattrFile struct {
	fd   int
	path string // if not empty
}

func (f xattrFile) list(buf []byte) (int, error) {
	if f.path != "" {
		return unix.Llistxattr(f.path, buf)
	}
	return unix.Flistxattr(f.fd, buf)
}

func (f xattrFile) get(name string, buf []byte) (int, error) {
	if f.path != "" {
		return unix.Lgetxattr(f.path, name, buf)
	}
	return unix.Fgetxattr(f.fd, name, buf)
}

// readXattrs is all the attributes of a file, sorted. Those with an empty value
// are left out, as libostree does: it would find another checksum otherwise.
func readXattrs(f xattrFile) ([]object.Xattr, error) {
	names, err := growing(1024, f.list)
	if err == unix.ENOTSUP {
		return nil, nil
	}
	if err != nil || len(names) == 0 {
		return nil, err
	}
	var list []object.Xattr
	for name := range bytes.SplitSeq(bytes.TrimSuffix(names, []byte{0}), []byte{0}) {
		value, err := growing(256, func(b []byte) (int, error) { return f.get(string(name), b) })
		if err == unix.ENODATA || err == nil && len(value) == 0 {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read xattr %q: %w", name, err)
		}
		list = append(list, object.Xattr{Name: name, Value: value})
	}
	object.SortXattrs(list)
	return list, nil
}

// growing calls read with ever larger buffers until the answer fits.
func growing(size int, read func([]byte) (int, error)) ([]byte, error) {
	for {
		buf := make([]byte, size)
		n, err := read(buf)
		if err == unix.ERANGE && size < 1<<20 {
			size *= 4
			continue
		}
		if err != nil {
			return nil, err
		}
		return buf[:n:n], nil
	}
}

func setXattrs(fd int, list []object.Xattr) error {
	for _, x := range list {
		if err := unix.Fsetxattr(fd, string(x.Name), x.Value, 0); err != nil {
			return fmt.Errorf("set xattr %q: %w", x.Name, err)
		}
	}
	return nil
}

func setLinkXattrs(dirfd int, name string, list []object.Xattr) error {
	for _, x := range list {
		if err := unix.Lsetxattr(fdPath(dirfd, name), string(x.Name), x.Value, 0); err != nil {
			return fmt.Errorf("set xattr %q: %w", x.Name, err)
		}
	}
	return nil
}

// bareUserXattr holds a content object's header in a bare-user repository.
const bareUserXattr = "user.ostreemeta"

// probeUserXattrs fails where the filesystem cannot hold a bare-user repository.
func probeUserXattrs(dirfd int) error {
	t, err := newTmpfile(dirfd)
	if err != nil {
		return err
	}
	defer t.discard()
	h := object.FileHeader{Mode: object.ModeRegular | 0o644}
	if err := unix.Fsetxattr(t.fd, bareUserXattr, h.MarshalMeta(), 0); err != nil {
		return fmt.Errorf("%w: the filesystem has no user xattrs, which bare-user needs: %w", ErrUnsupported, err)
	}
	return nil
}
