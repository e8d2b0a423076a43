//go:build factory

package matrix

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/pull"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

func ourPull(t testing.TB, r *repo.Repo, url string, c object.Checksum) pull.Stats {
	t.Helper()
	stats, err := tryOurPull(r, url, c)
	require.NoError(t, err)
	return stats
}

func tryOurPull(r *repo.Repo, url string, c object.Checksum) (pull.Stats, error) {
	return pull.Pull(context.Background(), r, pull.Options{Commit: c, Ref: "main",
		Remotes: []pull.Remote{{URL: url}}, RetryDelay: time.Millisecond})
}

func ourLocal(t testing.TB, dst *repo.Repo, from string, c object.Checksum) pull.Stats {
	t.Helper()
	src, err := repo.Open(from)
	require.NoError(t, err)
	defer src.Close()
	stats, err := pull.Local(context.Background(), dst, src, pull.LocalOptions{Commit: c, Ref: "main"})
	require.NoError(t, err)
	return stats
}

// ourCommit commits the tree of an origin into a new repository of ours.
func ourCommit(t testing.TB, mode repo.Mode, o origin, canonical bool) (*repo.Repo, object.Checksum) {
	t.Helper()
	r := ourRepo(t, mode)
	c, err := r.CommitTree(context.Background(), repo.CommitOptions{Dir: o.tree, Subject: "ours",
		Timestamp: time.Unix(1700000000, 0), Ref: "main", Canonical: canonical})
	require.NoError(t, err)
	return r, c
}

// TestTheirCommitOurPull pulls over HTTP what the real ostree committed, beside the
// real ostree, and compares with that and with the tree itself.
func TestTheirCommitOurPull(t *testing.T) {
	all := newOrigins(t)
	for _, mode := range allModes {
		t.Run(mode.String(), func(t *testing.T) {
			o := all.fit(mode)
			url := serve(t, o.path, nil)
			theirs := theirRepo(t, mode)
			theirPull(t, theirs, url, o.commit)
			ours := ourRepo(t, mode)
			ourPull(t, ours, url, o.commit)
			requireSame(t, theirs, ours.Path(), o.commit)
			if !asUser(mode) {
				out := ourCheckout(t, ours.Path(), o.commit)
				requireSameTree(t, describe(t, o.tree), describe(t, out))
				requireNoDifference(t, o, out)
			}
		})
	}
}

// requireNoDifference lets the real ostree commit a checkout again, and compare.
func requireNoDifference(t testing.TB, o origin, checkout string) {
	t.Helper()
	again := ostree(t, "--repo="+o.path, "commit", "--orphan", "--disable-fsync", "--tree=dir="+checkout)
	require.Empty(t, ostree(t, "--repo="+o.path, "diff", o.commit.String(), again))
	require.Equal(t, listing(t, o.path, o.commit), listing(t, o.path, checksum(t, again)))
}

// TestOurCommitTheirPull commits the same tree with both, which must give the same
// objects, and lets the real ostree pull ours.
func TestOurCommitTheirPull(t *testing.T) {
	all := newOrigins(t)
	for _, mode := range allModes {
		t.Run(mode.String(), func(t *testing.T) {
			o := all.fit(mode)
			ours, c := ourCommit(t, mode, o, mode == repo.BareUserOnly)
			requireSound(t, ours.Path(), c)
			requireSameObjects(t, ours, c, o)
			for _, to := range allModes {
				if to == repo.BareUserOnly && mode != to || !canHold(to, mode) {
					continue
				}
				theirs := theirRepo(t, to)
				theirPullLocal(t, theirs, ours.Path(), c)
				requireSound(t, theirs, c)
				require.Equal(t, listing(t, ours.Path(), c), listing(t, theirs, c), to)
			}
			if mode == repo.Archive {
				theirs := theirRepo(t, repo.BareUser)
				theirPull(t, theirs, serve(t, ours.Path(), nil), c)
				requireSound(t, theirs, c)
			}
			requireSame(t, pulledLocally(t, mode, ours.Path(), c), ours.Path(), c)
		})
	}
}

// pulledLocally is a repository of the real ostree that took a commit over.
func pulledLocally(t testing.TB, mode repo.Mode, from string, c object.Checksum) string {
	path := theirRepo(t, mode)
	theirPullLocal(t, path, from, c)
	return path
}

// requireSameObjects demands that our commit of the tree is of the same dirtree and
// dirmeta as theirs, and so all below it.
func requireSameObjects(t testing.TB, ours *repo.Repo, c object.Checksum, o origin) {
	t.Helper()
	theirs, err := openRepo(t, o.path).Commit(o.commit)
	require.NoError(t, err)
	our, err := ours.Commit(c)
	require.NoError(t, err)
	require.Equal(t, theirs.Tree, our.Tree)
	require.Equal(t, theirs.Meta, our.Meta)
}

// TestLocalPulls goes from each mode to each other, between repositories that
// either side wrote.
func TestLocalPulls(t *testing.T) {
	all := newOrigins(t)
	for _, from := range allModes {
		o := all.fit(from)
		theirs := pulledLocally(t, from, o.path, o.commit)
		ours := ourRepo(t, from)
		ourLocal(t, ours, o.path, o.commit)
		for _, to := range allModes {
			if to == repo.BareUserOnly && from != to || !canHold(to, from) {
				continue
			}
			t.Run(from.String()+" to "+to.String(), func(t *testing.T) {
				want := listing(t, o.path, o.commit)
				taken := ourRepo(t, to)
				ourLocal(t, taken, theirs, o.commit)
				requireSound(t, taken.Path(), o.commit)
				require.Equal(t, want, listing(t, taken.Path(), o.commit))

				given := pulledLocally(t, to, ours.Path(), o.commit)
				requireSound(t, given, o.commit)
				require.Equal(t, want, listing(t, given, o.commit))

				between := ourRepo(t, to)
				stats := ourLocal(t, between, given, o.commit)
				requireSame(t, given, between.Path(), o.commit)
				require.NotZero(t, stats.Content)
			})
		}
	}
}
