package object

import (
	"bytes"
	"iter"
	"unicode/utf8"

	"github.com/sotabox/sotabox/ostreelite/object/gvariant"
)

// maxName is the longest file name Linux has (NAME_MAX), in bytes.
const maxName = 255

// DirTreeView is a dirtree object that is read where it lies: a directory of
// 100,000 files takes no memory beside its own 6 MB.
type DirTreeView struct{ files, dirs gvariant.Value }

// ViewDirTree checks a dirtree object as ParseDirTree does. The result refers to
// data. The error is an ErrMalformed.
func ViewDirTree(data []byte) (DirTreeView, error) {
	v, err := parse(dirTreeType, data, MaxMetadataSize)
	if err != nil {
		return DirTreeView{}, err
	}
	t := DirTreeView{v.At(0), v.At(1)}
	return t, t.validate()
}

// Files gives name and checksum of all files. The name is part of the object's
// data.
func (t DirTreeView) Files() iter.Seq2[[]byte, Checksum] {
	return func(yield func([]byte, Checksum) bool) {
		for i := range t.files.Len() {
			e := t.files.At(i)
			if !yield(nameOf(e), Checksum(e.At(1).Bytes())) {
				return
			}
		}
	}
}

// Subdir is what a directory says about one in it, beside the name.
type Subdir struct{ Tree, Meta Checksum }

// Dirs gives all subdirectories, as Files does.
func (t DirTreeView) Dirs() iter.Seq2[[]byte, Subdir] {
	return func(yield func([]byte, Subdir) bool) {
		for i := range t.dirs.Len() {
			e := t.dirs.At(i)
			if !yield(nameOf(e), Subdir{Checksum(e.At(1).Bytes()), Checksum(e.At(2).Bytes())}) {
				return
			}
		}
	}
}

// nameOf is the name an entry begins with, without its terminating zero byte.
func nameOf(e gvariant.Value) []byte {
	b := e.At(0).Bytes()
	return b[:len(b)-1]
}

func (t DirTreeView) validate() error {
	for i := range t.files.Len() {
		if _, err := checksumFrom(t.files.At(i).At(1).Bytes()); err != nil {
			return err
		}
	}
	for i := range t.dirs.Len() {
		for _, member := range []int{1, 2} {
			if _, err := checksumFrom(t.dirs.At(i).At(member).Bytes()); err != nil {
				return err
			}
		}
	}
	return validateNames(t.files.Len(), func(i int) []byte { return nameOf(t.files.At(i)) },
		t.dirs.Len(), func(i int) []byte { return nameOf(t.dirs.At(i)) })
}

// validateNames checks two sorted lists of names in one directory.
func validateNames(files int, file func(int) []byte, dirs int, dir func(int) []byte) error {
	for i := range files {
		name := file(i)
		if err := validateName(name); err != nil {
			return err
		}
		if i > 0 && bytes.Compare(file(i-1), name) >= 0 {
			return malformed("file name %q is out of order", name)
		}
	}
	for i, j := 0, 0; i < dirs; i++ {
		name := dir(i)
		if err := validateName(name); err != nil {
			return err
		}
		if i > 0 && bytes.Compare(dir(i-1), name) >= 0 {
			return malformed("directory name %q is out of order", name)
		}
		for j < files && bytes.Compare(file(j), name) < 0 {
			j++
		}
		if j < files && bytes.Equal(file(j), name) {
			return malformed("name %q is both a file and a directory", name)
		}
	}
	return nil
}

func validateName(name []byte) error {
	switch {
	case len(name) == 0, len(name) > maxName, string(name) == ".", string(name) == "..",
		bytes.IndexByte(name, '/') >= 0, bytes.IndexByte(name, 0) >= 0, !utf8.Valid(name):
		return malformed("bad file name %.300q", name)
	}
	return nil
}
