//go:build factory

package matrix

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// TestRefusedByBoth has trees that the real ostree does not commit, nor do we.
func TestRefusedByBoth(t *testing.T) {
	for _, tc := range []struct {
		name string
		make func(m *maker)
		want error
	}{
		{"file name that is not UTF-8", func(m *maker) { m.file("dir/bad\xff", "x", 0o644) }, object.ErrMalformed},
		{"file name that is cut UTF-8", func(m *maker) { m.file("dir/gr\xc3", "x", 0o644) }, object.ErrMalformed},
		{"file name with a surrogate", func(m *maker) { m.file("dir/\xed\xa0\x80", "x", 0o644) }, object.ErrMalformed},
		{"file name that is overlong UTF-8", func(m *maker) { m.file("dir/\xc0\xae\xc0\xae", "x", 0o644) }, object.ErrMalformed},
		{"directory name that is not UTF-8", func(m *maker) { m.mkdir("dir/bad\xfe", 0o755) }, object.ErrMalformed},
		{"link name that is not UTF-8", func(m *maker) { m.symlink("dir/\x80", "x") }, object.ErrMalformed},
		{"pipe", func(m *maker) { m.special("pipe", unix.S_IFIFO) }, repo.ErrUnsupported},
		{"socket", func(m *maker) { m.special("socket", unix.S_IFSOCK) }, repo.ErrUnsupported},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tree := filepath.Join(t.TempDir(), "tree")
			tc.make(newMaker(t, tree))
			_, err := tryOSTree("--repo="+theirRepo(t, repo.Archive), "commit", "--branch=main", "--tree=dir="+tree)
			require.Error(t, err)

			ours := ourRepo(t, repo.Archive)
			_, err = ours.CommitTree(context.Background(), repo.CommitOptions{Dir: tree, Ref: "main", Timestamp: time.Unix(1, 0)})
			require.ErrorIs(t, err, tc.want)
			requireUntouched(t, ours)
		})
	}
}

func (m *maker) special(name string, kind uint32) {
	m.t.Helper()
	m.opened(".", func(fd int) error { return unix.Mknodat(fd, name, kind|0o644, 0) })
}

// requireUntouched demands that a repository is sound and has neither commits nor refs.
func requireUntouched(t *testing.T, r *repo.Repo) {
	t.Helper()
	ostree(t, "--repo="+r.Path(), "fsck", "--quiet")
	commits, err := r.Commits()
	require.NoError(t, err)
	require.Empty(t, commits)
	refs, err := r.Refs()
	require.NoError(t, err)
	require.Empty(t, refs)
}

// TestLinkTargetNotUTF8 has a link that libostree cannot express: it commits one to
// another target, without a word. We refuse to commit it, and pull what it made.
func TestLinkTargetNotUTF8(t *testing.T) {
	tree := filepath.Join(t.TempDir(), "tree")
	newMaker(t, tree).symlink("link", "bad\xff")
	theirs := theirRepo(t, repo.Archive)
	c := theirCommit(t, theirs, tree)

	_, err := ourRepo(t, repo.Archive).CommitTree(context.Background(), repo.CommitOptions{Dir: tree, Timestamp: time.Unix(1, 0)})
	require.ErrorIs(t, err, object.ErrMalformed)

	ours := ourRepo(t, repo.BareUser)
	ourPull(t, ours, serve(t, theirs, nil), c)
	requireSame(t, pulledLocally(t, repo.BareUser, theirs, c), ours.Path(), c)
	target, err := os.Readlink(filepath.Join(ourCheckout(t, ours.Path(), c), "link"))
	require.NoError(t, err)
	require.Equal(t, "[Invalid UTF-8]", target)
}
