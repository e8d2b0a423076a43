package repo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// treeWriter writes the objects of a directory tree.
type treeWriter struct {
	t *Txn
	o CommitOptions
	// inodes has the content of files with several links, to read them once.
	inodes map[inode]object.Checksum
}

type inode struct{ dev, ino uint64 }

// errSkip says that Modify left a file out.
var errSkip = errors.New("left out")

// directory writes the directory open as fd and everything in it.
func (w *treeWriter) directory(ctx context.Context, fd int, path string, depth int) (object.DirEntry, error) {
	var entry object.DirEntry
	if err := mayEnter(ctx, depth); err != nil {
		return entry, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return entry, err
	}
	h, err := w.header(path, &st, xattrFile{fd: fd})
	if err != nil {
		return entry, err
	}
	meta := object.DirMeta{UID: h.UID, GID: h.GID, Mode: h.Mode, Xattrs: h.Xattrs}
	if entry.Meta, err = w.metadata(object.TypeDirMeta, meta.Marshal()); err != nil {
		return entry, err
	}
	names, err := listDir(fd)
	if err != nil {
		return entry, err
	}
	slices.Sort(names)
	var tree object.DirTree
	for _, name := range names {
		if err := w.child(ctx, fd, path, name, &tree, depth+1); err != nil && err != errSkip {
			return entry, err
		}
	}
	if err := tree.Validate(); err != nil {
		return entry, err
	}
	entry.Tree, err = w.metadata(object.TypeDirTree, tree.Marshal())
	return entry, err
}

// child adds one name of a directory to its tree.
func (w *treeWriter) child(ctx context.Context, at int, parent, name string, tree *object.DirTree, depth int) error {
	path := parent + "/" + name
	if parent == "/" {
		path = parent + name
	}
	if err := object.ValidateName(name); err != nil {
		return fmt.Errorf("%s: %w", parent, err)
	}
	var st unix.Stat_t
	if err := unix.Fstatat(at, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		fd, err := openAt(at, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		defer unix.Close(fd)
		e, err := w.directory(ctx, fd, path, depth)
		if err != nil {
			return err
		}
		e.Name = name
		tree.Dirs = append(tree.Dirs, e)
		return nil
	case unix.S_IFREG, unix.S_IFLNK:
		sum, err := w.file(at, name, path, &st)
		if err == errSkip {
			return err
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		tree.Files = append(tree.Files, object.FileEntry{Name: name, Checksum: sum})
		return nil
	}
	return fmt.Errorf("%w: %s is no regular file, directory or symbolic link", ErrUnsupported, path)
}

// file writes a regular file or symbolic link.
func (w *treeWriter) file(at int, name, path string, st *unix.Stat_t) (object.Checksum, error) {
	key := inode{uint64(st.Dev), st.Ino}
	shared := st.Nlink > 1 && w.o.Modify == nil
	if sum, ok := w.inodes[key]; ok && shared {
		return sum, nil
	}
	sum, err := w.newFile(at, name, path, st)
	if err == nil && shared {
		w.inodes[key] = sum
	}
	return sum, err
}

func (w *treeWriter) newFile(at int, name, path string, st *unix.Stat_t) (object.Checksum, error) {
	if st.Mode&unix.S_IFMT == unix.S_IFLNK {
		target, err := readLink(at, name)
		if err != nil {
			return object.Checksum{}, err
		}
		h, err := w.header(path, st, xattrFile{path: fdPath(at, name)})
		if err != nil {
			return object.Checksum{}, err
		}
		h.Target = target
		return w.content(h, 0, bytes.NewReader(nil))
	}
	fd, err := openAt(at, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return object.Checksum{}, err
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close()
	if err := unix.Fstat(fd, st); err != nil {
		return object.Checksum{}, err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return object.Checksum{}, errors.New("it changed while being read")
	}
	h, err := w.header(path, st, xattrFile{fd: fd})
	if err != nil {
		return object.Checksum{}, err
	}
	return w.content(h, st.Size, f)
}

// content writes an object, or only finds its checksum where it is there.
func (w *treeWriter) content(h *object.FileHeader, size int64, f io.ReadSeeker) (object.Checksum, error) {
	if err := h.Validate(); err != nil {
		return object.Checksum{}, err
	}
	hash := object.NewHasher()
	hash.Reset(h)
	if _, err := io.Copy(hash, f); err != nil {
		return object.Checksum{}, err
	}
	sum := hash.Sum()
	ok, err := w.t.Has(object.Name{Type: object.TypeFile, Checksum: sum})
	if ok || err != nil {
		return sum, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return sum, err
	}
	return sum, w.t.WriteFile(sum, h, size, f)
}

func (w *treeWriter) metadata(typ object.Type, data []byte) (object.Checksum, error) {
	n := object.Name{Type: typ, Checksum: object.Sum(data)}
	ok, err := w.t.Has(n)
	if ok || err != nil {
		return n.Checksum, err
	}
	return n.Checksum, w.t.WriteMetadata(n, data)
}

// header is what the object is to say about a file or directory.
func (w *treeWriter) header(path string, st *unix.Stat_t, x xattrFile) (*object.FileHeader, error) {
	h := &object.FileHeader{UID: st.Uid, GID: st.Gid, Mode: st.Mode}
	if !w.o.SkipXattrs {
		var err error
		if h.Xattrs, err = readXattrs(x); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	if w.o.Owner != nil {
		h.UID, h.GID = w.o.Owner.UID, w.o.Owner.GID
	}
	if w.o.Modify != nil && !w.o.Modify(path, h) {
		return nil, errSkip
	}
	object.SortXattrs(h.Xattrs)
	if w.o.Canonical {
		canonical(h)
	}
	return h, nil
}

// canonical does to a header what libostree's canonical permissions do.
func canonical(h *object.FileHeader) {
	h.UID, h.GID, h.Xattrs = 0, 0, nil
	if !h.IsSymlink() {
		h.Mode &= object.ModeType | 0o755
	}
}
