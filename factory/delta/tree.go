//go:build factory

package delta

import (
	"path"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// file is a content object and the first path it has.
type file struct {
	path     string
	checksum object.Checksum
}

// tree is all objects of a commit but the commit itself, in the order of a walk.
type tree struct {
	metadata []object.Name
	files    []file
	seen     map[object.Name]bool
	byPath   map[string]object.Checksum
	byName   map[string][]object.Checksum // of the last element of the path
}

func newTree() *tree {
	return &tree{seen: map[object.Name]bool{}, byPath: map[string]object.Checksum{}, byName: map[string][]object.Checksum{}}
}

func (t *tree) has(n object.Name) bool { return t.seen[n] }

func (t *tree) read(r *repo.Repo, commit object.Checksum) error {
	c, err := r.Commit(commit)
	if err != nil {
		return err
	}
	return t.dir(r, "", c.Tree, c.Meta)
}

// first notes an object and reports whether it is new.
func (t *tree) first(n object.Name) bool {
	first := !t.seen[n]
	t.seen[n] = true
	return first
}

func (t *tree) dir(r *repo.Repo, at string, contents, meta object.Checksum) error {
	for _, n := range []object.Name{{Type: object.TypeDirMeta, Checksum: meta}, {Type: object.TypeDirTree, Checksum: contents}} {
		if t.first(n) {
			t.metadata = append(t.metadata, n)
		}
	}
	d, err := r.DirTree(contents)
	if err != nil {
		return err
	}
	for _, f := range d.Files {
		p := at + "/" + f.Name
		t.byPath[p] = f.Checksum
		if t.first(object.Name{Type: object.TypeFile, Checksum: f.Checksum}) {
			t.files = append(t.files, file{p, f.Checksum})
			t.byName[f.Name] = append(t.byName[f.Name], f.Checksum)
		}
	}
	for _, s := range d.Dirs {
		if err := t.dir(r, at+"/"+s.Name, s.Tree, s.Meta); err != nil {
			return err
		}
	}
	return nil
}

// like are the files that a new one may have come from: the one that had its path,
// or else those that had its name.
func (t *tree) like(f file) []object.Checksum {
	if c, ok := t.byPath[f.path]; ok {
		return []object.Checksum{c}
	}
	return t.byName[path.Base(f.path)]
}
