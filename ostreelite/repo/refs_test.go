package repo

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
)

func TestRefs(t *testing.T) {
	r := newRepo(t, BareUser)
	a, b := object.Sum([]byte("a")), object.Sum([]byte("b"))
	_, err := r.ResolveRef("main")
	require.ErrorIs(t, err, ErrNotFound)
	want := map[string]object.Checksum{"main": a, "lmp/arm64/main": b, "origin:main": b, "origin:x/y.z": a}
	for ref, c := range want {
		require.NoError(t, r.SetRef(ref, b))
		require.NoError(t, r.SetRef(ref, c))
		got, err := r.ResolveRef(ref)
		require.NoError(t, err)
		require.Equal(t, c, got)
	}
	refs, err := r.Refs()
	require.NoError(t, err)
	require.Equal(t, want, refs)
	_, err = r.ResolveRef("lmp/arm64")
	require.ErrorIs(t, err, ErrNotFound, "a directory is no ref")
	require.NoError(t, r.DeleteRef("origin:main"))
	require.NoError(t, r.DeleteRef("origin:main"))
	_, err = r.ResolveRef("origin:main")
	require.ErrorIs(t, err, ErrNotFound)
	ostree(t, "--repo="+r.Path(), "refs", "--alias", "--create=alias", "main")
	got, err := r.ResolveRef("alias")
	require.NoError(t, err)
	require.Equal(t, a, got)
	require.NoError(t, r.DeleteRef("alias"))
	got, err = r.ResolveRef(a.String())
	require.NoError(t, err)
	require.Equal(t, a, got)
	require.Equal(t, "lmp/arm64/main\nmain\norigin:x/y.z\n", sortedLines(ostree(t, "--repo="+r.Path(), "refs")))
}

func TestBadRefs(t *testing.T) {
	r := newRepo(t, BareUser)
	for _, ref := range []string{"", "/", "a/", "/a", "a//b", ".", "..", "a/../b", ".hidden", "-x", "a b", "a\n", "r:", ":a", "a:b:c", "../r:a"} {
		require.Error(t, r.SetRef(ref, object.Checksum{1}), ref)
		require.Error(t, r.DeleteRef(ref), ref)
		_, err := r.ResolveRef(ref)
		require.Error(t, err, ref)
	}
}

func TestCorruptRefKeepsPruneFromDeleting(t *testing.T) {
	r := newRepo(t, BareUser)
	commitTree(t, r, holdable(makeTree(t)))
	require.NoError(t, os.Truncate(filepath.Join(r.Path(), "refs/heads/main"), 0))
	before := len(filesUnder(t, r, "objects"))
	_, err := r.Prune(t.Context())
	require.Error(t, err)
	require.Len(t, filesUnder(t, r, "objects"), before)
}
