package repo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// Entry is what a path in a commit leads to.
type Entry struct {
	Dir  bool
	File object.Checksum // content, of a file or symbolic link
	Tree object.Checksum // dirtree and dirmeta, of a directory
	Meta object.Checksum
}

// Lookup follows a slash-separated path from a commit's root; "" and "/" are
// the root. Symbolic links are not followed. The error is an ErrNotFound when
// there is no such path, or as Metadata's.
func (r *Repo) Lookup(commit object.Checksum, path string) (Entry, error) {
	c, err := r.Commit(commit)
	if err != nil {
		return Entry{}, err
	}
	at := Entry{Dir: true, Tree: c.Tree, Meta: c.Meta}
	for name := range strings.SplitSeq(path, "/") {
		if name == "" {
			continue
		}
		if !at.Dir {
			return Entry{}, fmt.Errorf("%w: %q in commit %s", ErrNotFound, path, commit)
		}
		t, err := r.DirTree(at.Tree)
		if err != nil {
			return Entry{}, err
		}
		var ok bool
		if at, ok = entryOf(t, name); !ok {
			return Entry{}, fmt.Errorf("%w: %q in commit %s", ErrNotFound, path, commit)
		}
	}
	return at, nil
}

func entryOf(t *object.DirTree, name string) (Entry, bool) {
	i, ok := slices.BinarySearchFunc(t.Files, name, func(e object.FileEntry, n string) int { return strings.Compare(e.Name, n) })
	if ok {
		return Entry{File: t.Files[i].Checksum}, true
	}
	i, ok = slices.BinarySearchFunc(t.Dirs, name, func(e object.DirEntry, n string) int { return strings.Compare(e.Name, n) })
	if ok {
		return Entry{Dir: true, Tree: t.Dirs[i].Tree, Meta: t.Dirs[i].Meta}, true
	}
	return Entry{}, false
}

// ReadPath opens a file of a commit by its path, see Lookup and OpenFile.
func (r *Repo) ReadPath(commit object.Checksum, path string) (*object.FileHeader, io.ReadCloser, error) {
	e, err := r.Lookup(commit, path)
	if err != nil {
		return nil, nil, err
	}
	if e.Dir {
		return nil, nil, fmt.Errorf("%w: %q in commit %s is a directory", ErrNotFound, path, commit)
	}
	return r.OpenFile(e.File)
}

// walker visits the objects commits are made of, each once.
type walker struct {
	r    *Repo
	seen map[object.Name]struct{}
	// visit is told of each object, before it is read.
	visit func(n object.Name)
	// broken is told of metadata that could not be read. If it gives nil the
	// walk goes on beside it.
	broken func(n object.Name, err error) error
}

func (w *walker) enter(typ object.Type, c object.Checksum) bool {
	n := object.Name{Type: typ, Checksum: c}
	if _, ok := w.seen[n]; ok {
		return false
	}
	w.seen[n] = struct{}{}
	w.visit(n)
	return true
}

func (w *walker) commit(ctx context.Context, sum object.Checksum) error {
	if !w.enter(object.TypeCommit, sum) {
		return nil
	}
	c, err := w.r.Commit(sum)
	if err != nil {
		return w.broken(object.Name{Type: object.TypeCommit, Checksum: sum}, err)
	}
	w.enter(object.TypeDirMeta, c.Meta)
	return w.tree(ctx, c.Tree, 0)
}

func (w *walker) tree(ctx context.Context, sum object.Checksum, depth int) error {
	if !w.enter(object.TypeDirTree, sum) {
		return nil
	}
	if err := mayEnter(ctx, depth); err != nil {
		return err
	}
	t, err := w.r.ViewDirTree(sum)
	if err != nil {
		return w.broken(object.Name{Type: object.TypeDirTree, Checksum: sum}, err)
	}
	for _, f := range t.Files() {
		w.enter(object.TypeFile, f)
	}
	for _, d := range t.Dirs() {
		w.enter(object.TypeDirMeta, d.Meta)
		if err := w.tree(ctx, d.Tree, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// maxDepth is how deep directories may be nested. It bounds stacks and open
// descriptors; real trees stay far below.
const maxDepth = 256

// mayEnter refuses directories nested too deeply, and when ctx is done.
func mayEnter(ctx context.Context, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("%w: directories nested deeper than %d", ErrUnsupported, maxDepth)
	}
	return ctx.Err()
}

// missing reports whether err says that an object is not there.
func missing(err error) bool { return errors.Is(err, ErrNotFound) }
