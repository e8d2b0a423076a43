//go:build factory

package matrix

import (
	"bytes"
	"compress/flate"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// evil is an archive repository of objects that no honest tool would make. Their
// checksums are right unless a case says otherwise.
type evil struct {
	t    testing.TB
	path string
}

func newEvil(t testing.TB) *evil {
	t.Helper()
	return &evil{t, ourRepo(t, repo.Archive).Path()}
}

// put stores bytes as an object, whatever they are.
func (e *evil) put(typ object.Type, c object.Checksum, data []byte) {
	e.t.Helper()
	path := e.file(typ, c)
	require.NoError(e.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(e.t, os.WriteFile(path, data, 0o644))
}

// file is where an object is stored.
func (e *evil) file(typ object.Type, c object.Checksum) string {
	ext, hex := typ.String(), c.String()
	if typ == object.TypeFile {
		ext = "filez"
	}
	return filepath.Join(e.path, "objects", hex[:2], hex[2:]+"."+ext)
}

func (e *evil) add(typ object.Type, data []byte) object.Checksum {
	e.t.Helper()
	c := object.Sum(data)
	e.put(typ, c, data)
	return c
}

func (e *evil) tree(t object.DirTree) object.Checksum {
	e.t.Helper()
	return e.add(object.TypeDirTree, t.Marshal())
}

func (e *evil) dirmeta() object.Checksum {
	e.t.Helper()
	return e.add(object.TypeDirMeta, (&object.DirMeta{Mode: object.ModeDir | 0o755}).Marshal())
}

var plainFile = object.FileHeader{Mode: object.ModeRegular | 0o644}

// content adds a content object as it should be, whatever header says.
func (e *evil) content(h object.FileHeader, data string) object.Checksum {
	e.t.Helper()
	archived := h.MarshalArchive(int64(len(data)))
	if !h.IsSymlink() {
		archived = append(archived, deflated([]byte(data))...)
	}
	c := contentName(h, data)
	e.put(object.TypeFile, c, archived)
	return c
}

func contentName(h object.FileHeader, data string) object.Checksum {
	hash := object.NewHasher()
	hash.Reset(&h)
	hash.Write([]byte(data))
	return hash.Sum()
}

func deflated(data []byte) []byte {
	var out bytes.Buffer
	w, _ := flate.NewWriter(&out, flate.BestSpeed)
	w.Write(data)
	w.Close()
	return out.Bytes()
}

// holding is a tree with one file of that name.
func (e *evil) holding(name string, c object.Checksum) object.DirTree {
	return object.DirTree{Files: []object.FileEntry{{Name: name, Checksum: c}}}
}

// holdingDir is a tree with one empty directory of that name.
func (e *evil) holdingDir(name string) object.DirTree {
	e.t.Helper()
	return object.DirTree{Dirs: []object.DirEntry{{Name: name, Tree: e.tree(object.DirTree{}), Meta: e.dirmeta()}}}
}

// commitOf is a commit of a tree, which can be changed before it is added.
func (e *evil) commitOf(t object.DirTree) object.Commit {
	e.t.Helper()
	return object.Commit{Timestamp: time.Unix(1, 0), Tree: e.tree(t), Meta: e.dirmeta(), Metadata: object.CommitMetadata(nil)}
}

func (e *evil) commit(t object.DirTree) object.Checksum {
	e.t.Helper()
	c := e.commitOf(t)
	return e.add(object.TypeCommit, c.Marshal())
}
