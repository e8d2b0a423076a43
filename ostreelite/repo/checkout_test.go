package repo

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// userRepo is a repository any user can have, with makeTree's tree in it.
func userRepo(t *testing.T) (*Repo, object.Checksum) {
	t.Helper()
	r := newRepo(t, BareUserOnly)
	return r, commitTree(t, r, holdable(makeTree(t)))
}

func TestCheckoutLinksOrCopies(t *testing.T) {
	r, c := userRepo(t)
	linked := checkoutTo(t, r, CheckoutOptions{Commit: c})
	copied := checkoutTo(t, r, CheckoutOptions{Commit: c, Copy: true, Fsync: true})
	require.Equal(t, describe(t, linked, false), describe(t, copied, false))
	links := func(path string) uint64 {
		var st unix.Stat_t
		require.NoError(t, unix.Lstat(path, &st))
		return uint64(st.Nlink)
	}
	require.EqualValues(t, 3, links(filepath.Join(linked, "usr/bin/tool")), "two names and the object")
	require.EqualValues(t, 1, links(filepath.Join(linked, "usr/share/empty")), "empty files are not linked")
	require.EqualValues(t, 1, links(filepath.Join(copied, "usr/bin/tool")))
	info, err := os.Stat(filepath.Join(linked, "usr/share/empty"))
	require.NoError(t, err)
	require.Zero(t, info.ModTime().Unix())
}

func TestCheckoutSubpath(t *testing.T) {
	r, c := userRepo(t)
	dir := checkoutTo(t, r, CheckoutOptions{Commit: c, Subpath: "/usr/share/"})
	require.FileExists(t, filepath.Join(dir, "attrs"))
	file := checkoutTo(t, r, CheckoutOptions{Commit: c, Subpath: "usr/share/attrs"})
	require.FileExists(t, file)
	for _, path := range []string{"none", "usr/none", "usr/share/attrs/x", "..", "usr/..", "bin/tool"} {
		err := r.Checkout(context.Background(), CheckoutOptions{Commit: c, Subpath: path, Dir: unix.AT_FDCWD, Name: "unused"})
		require.ErrorIs(t, err, ErrNotFound, path)
	}
}

func TestCheckoutLeavesNothingBehind(t *testing.T) {
	r, c := userRepo(t)
	parent := t.TempDir()
	fd, err := openDir(unix.AT_FDCWD, parent)
	require.NoError(t, err)
	defer unix.Close(fd)
	o := CheckoutOptions{Commit: c, Dir: fd, Name: "out"}
	require.NoError(t, os.WriteFile(filepath.Join(parent, "out"), []byte("mine"), 0o644))
	require.ErrorIs(t, r.Checkout(context.Background(), o), unix.EEXIST)
	data, err := os.ReadFile(filepath.Join(parent, "out"))
	require.NoError(t, err)
	require.Equal(t, "mine", string(data), "what was there stays")
	require.NoError(t, os.Remove(filepath.Join(parent, "out")))

	e, err := r.Lookup(c, "usr/share/attrs")
	require.NoError(t, err)
	require.NoError(t, os.Remove(filepath.Join(r.Path(), "objects", loosePath(fileName(e.File), r.Mode()))))
	require.ErrorIs(t, r.Checkout(context.Background(), o), ErrNotFound)
	require.NoFileExists(t, filepath.Join(parent, "out"))
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, r.Checkout(cancelled, o), context.Canceled)
	require.NoFileExists(t, filepath.Join(parent, "out"))
}

func TestReadPath(t *testing.T) {
	r, c := userRepo(t)
	h, f, err := r.ReadPath(c, "/usr/share/attrs")
	require.NoError(t, err)
	defer f.Close()
	require.EqualValues(t, 0o644, h.Perm())
	h, link, err := r.ReadPath(c, "bin")
	require.NoError(t, err)
	defer link.Close()
	require.Equal(t, "usr/bin", h.Target)
	_, _, err = r.ReadPath(c, "usr")
	require.ErrorIs(t, err, ErrNotFound)
}

func TestCommitTreeOptions(t *testing.T) {
	dir := makeTree(t)
	r := newRepo(t, Archive)
	o := CommitOptions{Dir: dir, Timestamp: fixedTime, Owner: &Owner{5, 6}, SkipXattrs: true,
		Metadata: object.CommitMetadata(map[string][]byte{"version": object.StringVariant("7")})}
	o.Modify = func(path string, h *object.FileHeader) bool {
		if path == "/usr/share/private" {
			h.Mode, h.UID = object.ModeRegular|0o4711, 9
			h.Xattrs = []object.Xattr{{Name: []byte("user.b"), Value: []byte("b")}, {Name: []byte("user.a"), Value: []byte("a")}}
		}
		return !strings.HasPrefix(path, "/usr/bin")
	}
	c := commitTree(t, r, o)
	require.Equal(t, c, commitTree(t, r, o), "the same again is the same commit")
	_, err := r.Lookup(c, "usr/bin")
	require.ErrorIs(t, err, ErrNotFound)
	h, f, err := r.ReadPath(c, "usr/share/private")
	require.NoError(t, err)
	defer f.Close()
	require.EqualValues(t, 0o4711, h.Perm())
	require.Equal(t, [2]uint32{9, 6}, [2]uint32{h.UID, h.GID})
	require.Equal(t, "user.a", string(h.Xattrs[0].Name))
	commit, err := r.Commit(c)
	require.NoError(t, err)
	v, ok := commit.Lookup("version")
	require.True(t, ok)
	require.Equal(t, "7", v.Str())
	ostree(t, "--repo="+r.Path(), "fsck")

	o = CommitOptions{Dir: dir, Timestamp: fixedTime, Canonical: true}
	c = commitTree(t, r, o)
	only := newRepo(t, BareUserOnly)
	require.Equal(t, c, commitTree(t, only, o), "what bare-user-only would make of it")
}

func TestCommitTreeRefuses(t *testing.T) {
	for name, spoil := range map[string]func(dir string) error{
		"fifo":      func(dir string) error { return unix.Mkfifo(filepath.Join(dir, "fifo"), 0o644) },
		"not UTF-8": func(dir string) error { return os.WriteFile(filepath.Join(dir, "a\xff"), nil, 0o644) },
		"link":      func(dir string) error { return os.Symlink("a\xff", filepath.Join(dir, "link")) },
	} {
		dir := t.TempDir()
		require.NoError(t, spoil(dir), name)
		r := newRepo(t, BareUserOnly)
		_, err := r.CommitTree(context.Background(), holdable(dir))
		require.Error(t, err, name)
		refs, err := r.Refs()
		require.NoError(t, err)
		require.Empty(t, refs, name)
	}
}

func TestDeepTreesAreRefused(t *testing.T) {
	ctx := context.Background()
	r := newRepo(t, BareUserOnly)
	x := begin(t, r)
	put := func(typ object.Type, data []byte) object.Checksum {
		n := object.Name{Type: typ, Checksum: object.Sum(data)}
		require.NoError(t, x.WriteMetadata(n, data))
		return n.Checksum
	}
	meta := put(object.TypeDirMeta, (&object.DirMeta{Mode: object.ModeDir | 0o755}).Marshal())
	tree := put(object.TypeDirTree, (&object.DirTree{}).Marshal())
	for range maxDepth + 1 {
		tree = put(object.TypeDirTree, (&object.DirTree{Dirs: []object.DirEntry{{Name: "d", Tree: tree, Meta: meta}}}).Marshal())
	}
	c := put(object.TypeCommit, (&object.Commit{Tree: tree, Meta: meta, Timestamp: fixedTime}).Marshal())
	require.NoError(t, x.Commit())
	parent := t.TempDir()
	fd, err := openDir(unix.AT_FDCWD, parent)
	require.NoError(t, err)
	defer unix.Close(fd)
	require.ErrorIs(t, r.Checkout(ctx, CheckoutOptions{Commit: c, Dir: fd, Name: "out"}), ErrUnsupported)
	_, err = r.Fsck(ctx)
	require.ErrorIs(t, err, ErrUnsupported)
	_, err = r.Prune(ctx, c)
	require.ErrorIs(t, err, ErrUnsupported)
}
