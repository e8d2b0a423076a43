package pull

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/delta"
	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// store is an archive repository of objects that no honest tool would make.
type store map[string][]byte

func newStore() store { return store{"/config": []byte("[core]\nrepo_version=1\nmode=archive-z2\n")} }

func (s store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	data, ok := s[r.URL.Path]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Write(data)
}

func (s store) add(kind object.Type, data []byte) object.Checksum {
	n := object.Name{Type: kind, Checksum: object.Sum(data)}
	s["/"+objectPath(n)] = data
	return n.Checksum
}

func (s store) addFile(h object.FileHeader, data []byte) object.Checksum {
	hash := object.NewHasher()
	hash.Reset(&h)
	hash.Write(data)
	n := object.Name{Type: object.TypeFile, Checksum: hash.Sum()}
	archived := h.MarshalArchive(int64(len(data)))
	if !h.IsSymlink() {
		archived = append(archived, deflate(data)...)
	}
	s["/"+objectPath(n)] = archived
	return n.Checksum
}

func (s store) addCommit(root object.DirTree) object.Checksum {
	meta := object.DirMeta{Mode: object.ModeDir | 0o755}
	c := object.Commit{Timestamp: time.Unix(1, 0), Tree: s.add(object.TypeDirTree, root.Marshal()),
		Meta: s.add(object.TypeDirMeta, meta.Marshal()), Metadata: object.CommitMetadata(nil)}
	return s.add(object.TypeCommit, c.Marshal())
}

// TestPullHostileTrees has commits whose checksums are right and whose content is not.
func TestPullHostileTrees(t *testing.T) {
	regular := object.FileHeader{Mode: object.ModeRegular | 0o644}
	for _, tc := range []struct {
		name string
		make func(s store) object.DirTree
	}{
		{"path upwards", func(s store) object.DirTree {
			return object.DirTree{Files: []object.FileEntry{{Name: "../../evil", Checksum: s.addFile(regular, nil)}}}
		}},
		{"dot dot", func(s store) object.DirTree {
			meta := s.add(object.TypeDirMeta, (&object.DirMeta{Mode: object.ModeDir | 0o755}).Marshal())
			return object.DirTree{Dirs: []object.DirEntry{{Name: "..", Tree: sum(1), Meta: meta}}}
		}},
		{"name twice", func(s store) object.DirTree {
			c := s.addFile(regular, nil)
			return object.DirTree{Files: []object.FileEntry{{Name: "a", Checksum: c}, {Name: "a", Checksum: c}}}
		}},
		{"wrong order", func(s store) object.DirTree {
			c := s.addFile(regular, nil)
			return object.DirTree{Files: []object.FileEntry{{Name: "b", Checksum: c}, {Name: "a", Checksum: c}}}
		}},
		{"device file", func(s store) object.DirTree {
			c := s.addFile(object.FileHeader{Mode: 0o020666}, nil)
			return object.DirTree{Files: []object.FileEntry{{Name: "null", Checksum: c}}}
		}},
		{"directory without a mode", func(s store) object.DirTree {
			empty := s.add(object.TypeDirTree, (&object.DirTree{}).Marshal())
			meta := s.add(object.TypeDirMeta, (&object.DirMeta{Mode: object.ModeRegular | 0o755}).Marshal())
			return object.DirTree{Dirs: []object.DirEntry{{Name: "d", Tree: empty, Meta: meta}}}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newStore()
			c := s.addCommit(tc.make(s))
			r, path := newRepo(t, repo.BareUser)
			_, err := Pull(context.Background(), r, options(c, serveStore(t, s)))
			require.ErrorIs(t, err, repo.ErrCorrupt)
			ostree(t, "--repo="+path, "fsck", "--quiet")
			have, err := r.Has(object.Name{Type: object.TypeCommit, Checksum: c})
			require.NoError(t, err)
			require.False(t, have)
		})
	}
}

// TestPullTreeOfTrees has a tree in which every directory holds the next twice:
// 2^40 paths, 41 directories.
func TestPullTreeOfTrees(t *testing.T) {
	s := newStore()
	meta := s.add(object.TypeDirMeta, (&object.DirMeta{Mode: object.ModeDir | 0o755}).Marshal())
	root := object.DirTree{}
	for range 40 {
		below := s.add(object.TypeDirTree, root.Marshal())
		root = object.DirTree{Dirs: []object.DirEntry{{Name: "a", Tree: below, Meta: meta}, {Name: "b", Tree: below, Meta: meta}}}
	}
	c := s.addCommit(root)
	r, _ := newRepo(t, repo.BareUser)
	stats, err := Pull(context.Background(), r, options(c, serveStore(t, s)))
	require.NoError(t, err)
	require.EqualValues(t, 42, stats.Metadata)
}

// TestPullAsksOnlyForObjects sees only the config, names made of checksums, and
// two places where there might be a static delta.
func TestPullAsksOnlyForObjects(t *testing.T) {
	a := newArchive(t, tree{dirs: 2, filesPerDir: 2}, false)
	known := []string{"/config", "/" + delta.IndexPath(a.commit), "/" + delta.SuperblockPath(object.Checksum{}, a.commit)}
	s := serve(t, a.path, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			name := strings.TrimPrefix(r.URL.Path, "/objects/")
			hex, _, _ := strings.Cut(strings.Replace(name, "/", "", 1), ".")
			if _, err := object.ParseChecksum(hex); err != nil && !slices.Contains(known, r.URL.Path) {
				t.Errorf("asked for %s", r.URL.Path)
			}
			h.ServeHTTP(w, r)
		})
	})
	r, path := newRepo(t, repo.BareUser)
	_, err := Pull(context.Background(), r, options(a.commit, s.URL))
	require.NoError(t, err)
	requireSame(t, a, path)
}

func serveStore(t *testing.T, s store) string {
	return serve(t, t.TempDir(), func(http.Handler) http.Handler { return s }).URL
}
