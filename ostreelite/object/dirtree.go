package object

import "github.com/sotabox/sotabox/ostreelite/object/gvariant"

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
	v, err := ViewDirTree(data)
	if err != nil {
		return nil, err
	}
	t := &DirTree{Files: make([]FileEntry, 0, v.files.Len()), Dirs: make([]DirEntry, 0, v.dirs.Len())}
	for name, c := range v.Files() {
		t.Files = append(t.Files, FileEntry{string(name), c})
	}
	for name, d := range v.Dirs() {
		t.Dirs = append(t.Dirs, DirEntry{string(name), d.Tree, d.Meta})
	}
	return t, nil
}

// Validate checks the names, their order and that none is there twice.
// The error is an ErrMalformed.
func (t *DirTree) Validate() error {
	return validateNames(len(t.Files), func(i int) []byte { return []byte(t.Files[i].Name) },
		len(t.Dirs), func(i int) []byte { return []byte(t.Dirs[i].Name) })
}

// ValidateName checks the name of a file in a directory.
// The error is an ErrMalformed.
func ValidateName(name string) error { return validateName([]byte(name)) }

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
