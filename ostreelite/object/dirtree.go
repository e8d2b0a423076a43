package object

import (
	"strings"
	"unicode/utf8"

	"github.com/sotabox/sotabox/ostreelite/object/gvariant"
)

// maxName is the longest file name Linux has (NAME_MAX), in bytes.
const maxName = 255

// DirTree is a dirtree object: the contents of a directory. Both lists are
// sorted by name, bytewise, and no name is there twice.
type DirTree struct {
	Files []FileEntry
	Dirs  []DirEntry
}

// FileEntry is a regular file or symbolic link in a directory.
type FileEntry struct {
	Name     string
	Checksum Checksum // of the content object
}

// DirEntry is a directory in a directory.
type DirEntry struct {
	Name string
	Tree Checksum // of the dirtree
	Meta Checksum // of the dirmeta
}

var (
	dirTreeType = gvariant.MustType("(a(say)a(sayay))")
	filesType   = dirTreeType.Elem(0)
	dirsType    = dirTreeType.Elem(1)
)

// ParseDirTree reads a dirtree object. Names that are empty, not UTF-8, "." or
// "..", that hold a slash, are longer than 255 bytes, out of order or there
// twice are refused. The error is an ErrMalformed.
func ParseDirTree(data []byte) (*DirTree, error) {
	v, err := parse(dirTreeType, data, MaxMetadataSize)
	if err != nil {
		return nil, err
	}
	files, dirs := v.At(0), v.At(1)
	t := &DirTree{Files: make([]FileEntry, files.Len()), Dirs: make([]DirEntry, dirs.Len())}
	for i := range t.Files {
		e, f := files.At(i), &t.Files[i]
		f.Name = e.At(0).Str()
		if f.Checksum, err = checksumFrom(e.At(1).Bytes()); err != nil {
			return nil, err
		}
	}
	for i := range t.Dirs {
		e, d := dirs.At(i), &t.Dirs[i]
		d.Name = e.At(0).Str()
		if d.Tree, err = checksumFrom(e.At(1).Bytes()); err != nil {
			return nil, err
		}
		if d.Meta, err = checksumFrom(e.At(2).Bytes()); err != nil {
			return nil, err
		}
	}
	return t, t.Validate()
}

// Validate checks the names, their order and that none is there twice.
// The error is an ErrMalformed.
func (t *DirTree) Validate() error {
	for i, f := range t.Files {
		if err := ValidateName(f.Name); err != nil {
			return err
		}
		if i > 0 && t.Files[i-1].Name >= f.Name {
			return malformed("file name %q is out of order", f.Name)
		}
	}
	for i, j := 0, 0; i < len(t.Dirs); i++ {
		name := t.Dirs[i].Name
		if err := ValidateName(name); err != nil {
			return err
		}
		if i > 0 && t.Dirs[i-1].Name >= name {
			return malformed("directory name %q is out of order", name)
		}
		for j < len(t.Files) && t.Files[j].Name < name {
			j++
		}
		if j < len(t.Files) && t.Files[j].Name == name {
			return malformed("name %q is both a file and a directory", name)
		}
	}
	return nil
}

// ValidateName checks the name of a file in a directory.
// The error is an ErrMalformed.
func ValidateName(name string) error {
	switch {
	case name == "", name == ".", name == "..", len(name) > maxName,
		strings.ContainsAny(name, "/\x00"), !utf8.ValidString(name):
		return malformed("bad file name %.300q", name)
	}
	return nil
}

// Marshal serialises the object; its checksum is the Sum of that.
func (t *DirTree) Marshal() []byte {
	files := make([][]byte, len(t.Files))
	for i, f := range t.Files {
		files[i] = gvariant.Tuple(filesType.Elem(0), gvariant.String(f.Name), f.Checksum[:])
	}
	dirs := make([][]byte, len(t.Dirs))
	for i, d := range t.Dirs {
		dirs[i] = gvariant.Tuple(dirsType.Elem(0), gvariant.String(d.Name), d.Tree[:], d.Meta[:])
	}
	return gvariant.Tuple(dirTreeType, gvariant.Array(filesType, files...), gvariant.Array(dirsType, dirs...))
}
