package repo

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
)

func TestPruneKeepsWhatIsAskedFor(t *testing.T) {
	ctx := context.Background()
	r := newRepo(t, BareUser)
	dir := makeTree(t)
	first := commitTree(t, r, holdable(dir))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "second"), []byte("2"), 0o644))
	o := holdable(dir)
	o.Parent = first
	second := commitTree(t, r, o)

	stats, err := r.Prune(ctx, first)
	require.NoError(t, err)
	require.Zero(t, stats.Deleted)
	stats, err = r.Prune(ctx)
	require.NoError(t, err)
	require.Equal(t, 2, stats.Deleted, "the first commit and its root; a parent is not kept")
	require.NoError(t, r.Verify(object.Name{Type: object.TypeCommit, Checksum: second}))
	require.NoError(t, r.DeleteRef("main"))
	stats, err = r.Prune(ctx)
	require.NoError(t, err)
	require.Zero(t, stats.Kept)
	require.Empty(t, filesUnder(t, r, "objects"))
}

func TestPrunePartialCommit(t *testing.T) {
	ctx := context.Background()
	r, c := userRepo(t)
	e, err := r.Lookup(c, "usr/share")
	require.NoError(t, err)
	require.NoError(t, os.Remove(filepath.Join(r.Path(), "objects",
		loosePath(object.Name{Type: object.TypeDirTree, Checksum: e.Tree}, r.Mode()))))
	before := len(filesUnder(t, r, "objects"))
	_, err = r.Prune(ctx)
	require.ErrorIs(t, err, ErrNotFound)
	require.Len(t, filesUnder(t, r, "objects"), before, "nothing is deleted while it is unclear what to keep")

	require.NoError(t, r.MarkPartial(c))
	_, err = r.Prune(ctx)
	require.NoError(t, err)
	ok, err := r.Has(object.Name{Type: object.TypeCommit, Checksum: c})
	require.NoError(t, err)
	require.True(t, ok)
	require.NoError(t, r.DeleteRef("main"))
	_, err = r.Prune(ctx)
	require.NoError(t, err)
	require.Empty(t, filesUnder(t, r, "state"), "the mark goes with the commit")
}

func TestFsckFinds(t *testing.T) {
	ctx := context.Background()
	r, c := userRepo(t)
	path := func(n object.Name) string { return filepath.Join(r.Path(), "objects", loosePath(n, r.Mode())) }
	attrs, err := r.Lookup(c, "usr/share/attrs")
	require.NoError(t, err)
	private, err := r.Lookup(c, "usr/share/private")
	require.NoError(t, err)
	require.NoError(t, os.Truncate(path(fileName(attrs.File)), 1))
	require.NoError(t, os.Remove(path(fileName(private.File))))
	report, err := r.Fsck(ctx)
	require.NoError(t, err)
	require.Len(t, report.Problems, 2)
	for _, p := range report.Problems {
		switch p.Object {
		case fileName(attrs.File):
			require.ErrorIs(t, p.Err, ErrCorrupt)
		case fileName(private.File):
			require.ErrorIs(t, p.Err, ErrNotFound)
		default:
			t.Errorf("unexpected problem %v", p)
		}
	}
	require.NoError(t, r.MarkPartial(c))
	partial, err := r.IsPartial(c)
	require.NoError(t, err)
	require.True(t, partial)
	report, err = r.Fsck(ctx)
	require.NoError(t, err)
	require.Len(t, report.Problems, 1, "what is missing in a partial commit is no problem")
	require.Equal(t, []object.Checksum{c}, report.Partial)
	require.NoError(t, r.ClearPartial(c))
	require.NoError(t, r.ClearPartial(c))
}

func TestOpenAndCreate(t *testing.T) {
	dir := t.TempDir()
	_, err := Open(filepath.Join(dir, "none"))
	require.ErrorIs(t, err, ErrNotFound)
	_, err = Open(dir)
	require.ErrorIs(t, err, ErrNotFound)
	path := filepath.Join(dir, "repo")
	for range 2 {
		r, err := Create(path, BareUserOnly)
		require.NoError(t, err)
		require.NoError(t, r.Close())
	}
	_, err = Create(path, Archive)
	require.ErrorContains(t, err, "bare-user-only")
	require.Equal(t, "bare-user-only\n", ostree(t, "--repo="+path, "config", "get", "core.mode"))
	_, err = Create(filepath.Join(dir, "x"), Mode(9))
	require.ErrorIs(t, err, ErrUnsupported)
}
