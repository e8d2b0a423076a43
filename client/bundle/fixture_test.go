package bundle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// file is an entry of an archive.
type file struct {
	name string
	data string
	// header, if set, replaces that of a regular file.
	header *tar.Header
}

// fixture is a bundle directory with two commits, and its files.
type fixture struct {
	dir           string
	commit, other object.Checksum
	files         []file
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{dir: t.TempDir()}
	f.write(t, "tuf/3.root.json", "root")
	f.write(t, "tuf/bundle-targets.json", "bundle")
	f.write(t, "apps/apps/shop/"+strings.Repeat("a", 64)+"/uri", "registry/shop@sha256:1\n")
	f.write(t, "apps/blobs/sha256/"+strings.Repeat("b", 64), "blob")
	f.write(t, "README", "not looked at")
	archive, err := repo.Create(filepath.Join(f.dir, "ostree_repo"), repo.Archive)
	require.NoError(t, err)
	defer archive.Close()
	tree := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(tree, "usr/bin"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(tree, "usr/bin/tool"), bytes.Repeat([]byte("tool "), 50000), 0o755))
	require.NoError(t, os.Symlink("usr/bin", filepath.Join(tree, "bin")))
	f.commit = commitTree(t, archive, tree)
	require.NoError(t, os.WriteFile(filepath.Join(tree, "usr/more"), []byte("more"), 0o644))
	f.other = commitTree(t, archive, tree)
	f.read(t)
	return f
}

func commitTree(t *testing.T, r *repo.Repo, tree string) object.Checksum {
	t.Helper()
	c, err := r.CommitTree(t.Context(), repo.CommitOptions{Dir: tree, Subject: "test", Timestamp: time.Unix(1, 0), Canonical: true})
	require.NoError(t, err)
	return c
}

func (f *fixture) write(t *testing.T, name, data string) {
	t.Helper()
	path := filepath.Join(f.dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(data), 0o644))
}

// read lists the files as a factory packs them: metadata first, then commits,
// and the rest in the order of names.
func (f *fixture) read(t *testing.T) {
	t.Helper()
	require.NoError(t, fs.WalkDir(os.DirFS(f.dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(f.dir, path))
		f.files = append(f.files, file{name: path, data: string(data)})
		return err
	}))
	rank := func(name string) int {
		return slices.IndexFunc([]string{"tuf/", "ostree_repo/", ""}, func(p string) bool { return strings.HasPrefix(name, p) })
	}
	slices.SortStableFunc(f.files, func(a, b file) int { return rank(a.name) - rank(b.name) })
}

// without are the files but those with a name that contains part.
func (f *fixture) without(part string) []file {
	return slices.DeleteFunc(slices.Clone(f.files), func(x file) bool { return strings.Contains(x.name, part) })
}

// index of the first file with a name that contains part.
func (f *fixture) index(t *testing.T, part string) int {
	t.Helper()
	i := slices.IndexFunc(f.files, func(x file) bool { return strings.Contains(x.name, part) })
	require.NotEqual(t, -1, i)
	return i
}

func tarOf(t *testing.T, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		header := f.header
		if header == nil {
			header = &tar.Header{Typeflag: tar.TypeReg, Name: f.name, Mode: 0o644, Size: int64(len(f.data))}
		}
		require.NoError(t, w.WriteHeader(header))
		_, err := io.WriteString(w, f.data)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func gzipOf(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

func zstdOf(t *testing.T, data []byte, o ...zstd.EOption) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, o...)
	require.NoError(t, err)
	_, err = w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

// saved is the path of a file with this content.
func saved(t *testing.T, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bundle")
	require.NoError(t, os.WriteFile(path, data, 0o644))
	return path
}

func newDevice(t *testing.T) *repo.Repo {
	t.Helper()
	r, err := repo.Create(filepath.Join(t.TempDir(), "device"), repo.BareUserOnly)
	require.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	return r
}

// requireWhole has the real ostree judge that the commit is all there.
func requireWhole(t *testing.T, r *repo.Repo, c object.Checksum) {
	t.Helper()
	partial, err := r.IsPartial(c)
	require.NoError(t, err)
	require.False(t, partial)
	out, err := exec.Command("ostree", "--repo="+r.Path(), "fsck", "--quiet").CombinedOutput()
	require.NoError(t, err, "%s", out)
	out, err = exec.Command("ostree", "--repo="+r.Path(), "ls", "-R", c.String(), "/usr/bin/tool").CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// requireNotWhole demands that nothing claims that the commit is there.
func requireNotWhole(t *testing.T, r *repo.Repo, c object.Checksum) {
	t.Helper()
	whole, err := isWhole(r, object.Name{Type: object.TypeCommit, Checksum: c})
	require.NoError(t, err)
	require.False(t, whole)
}
