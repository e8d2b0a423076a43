package repo

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// ostreeCommit commits dir with the real ostree.
func ostreeCommit(t *testing.T, r *Repo, dir, branch string) object.Checksum {
	t.Helper()
	out := ostree(t, "--repo="+r.Path(), "commit", "--branch="+branch, "--subject=subject",
		"--timestamp=@1700000000", dir)
	c, err := object.ParseChecksum(strings.TrimSpace(out))
	require.NoError(t, err)
	return c
}

func TestWeReadWhatOSTreeWrites(t *testing.T) {
	for _, mode := range allModes {
		t.Run(mode.String(), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "repo")
			ostree(t, "--repo="+path, "init", "--mode="+mode.String())
			r, err := Open(path)
			require.NoError(t, err)
			defer r.Close()
			require.Equal(t, mode, r.Mode())
			dir := makeTree(t)
			c := ostreeCommit(t, r, dir, "main")

			got, err := r.ResolveRef("main")
			require.NoError(t, err)
			require.Equal(t, c, got)
			report, err := r.Fsck(context.Background())
			require.NoError(t, err)
			require.Empty(t, report.Problems)
			require.Greater(t, report.Objects, 15)

			user := !isRoot || mode == BareUserOnly
			ours := checkoutTo(t, r, CheckoutOptions{Commit: c, User: user})
			theirs := filepath.Join(t.TempDir(), "out")
			args := []string{"--repo=" + path, "checkout", c.String(), theirs}
			if user {
				args = append(args, "--user-mode")
			}
			ostree(t, args...)
			require.Equal(t, describe(t, theirs, true), describe(t, ours, true))
			if !user {
				require.Equal(t, describe(t, dir, true), describe(t, ours, true))
			}
		})
	}
}

func TestOSTreeReadsWhatWeWrite(t *testing.T) {
	for _, mode := range allModes {
		t.Run(mode.String(), func(t *testing.T) {
			r := newRepo(t, mode)
			dir := makeTree(t)
			c := commitTree(t, r, holdable(dir))
			ostree(t, "--repo="+r.Path(), "fsck")
			require.Equal(t, c.String()+"\n", ostree(t, "--repo="+r.Path(), "rev-parse", "main"))

			// The same tree has the same objects, whoever commits it.
			theirs := filepath.Join(t.TempDir(), "repo")
			ostree(t, "--repo="+theirs, "init", "--mode="+mode.String())
			other, err := Open(theirs)
			require.NoError(t, err)
			defer other.Close()
			their, err := other.Commit(ostreeCommit(t, other, dir, "main"))
			require.NoError(t, err)
			our, err := r.Commit(c)
			require.NoError(t, err)
			require.Equal(t, their.Tree, our.Tree)
			require.Equal(t, their.Meta, our.Meta)
			require.Equal(t,
				ostree(t, "--repo="+theirs, "ls", "-R", "-X", "-C", "main"),
				ostree(t, "--repo="+r.Path(), "ls", "-R", "-X", "-C", "main"))

			user := !isRoot || mode == BareUserOnly
			args := []string{"--repo=" + r.Path(), "checkout", "main", filepath.Join(t.TempDir(), "out")}
			if user {
				args = append(args, "--user-mode")
			}
			ostree(t, args...)
			if !user {
				require.Equal(t, describe(t, dir, true), describe(t, args[3], true))
			}
		})
	}
}

func TestBothWriteOneRepository(t *testing.T) {
	for _, mode := range allModes {
		t.Run(mode.String(), func(t *testing.T) {
			r := newRepo(t, mode)
			dir := makeTree(t)
			ostreeCommit(t, r, dir, "theirs")
			commitTree(t, r, holdable(dir))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "new"), []byte("new\n"), 0o644))
			ostreeCommit(t, r, dir, "theirs")
			commitTree(t, r, holdable(dir))
			ostree(t, "--repo="+r.Path(), "fsck")
			stats, err := r.Prune(context.Background())
			require.NoError(t, err)
			// Their first commit and ours, and the root's dirtree before "new".
			require.Equal(t, 3, stats.Deleted)
			ostree(t, "--repo="+r.Path(), "fsck")
			require.ElementsMatch(t, []string{"theirs", "main"}, strings.Fields(ostree(t, "--repo="+r.Path(), "refs")))
			ostree(t, "--repo="+r.Path(), "prune", "--refs-only")
			report, err := r.Fsck(context.Background())
			require.NoError(t, err)
			require.Empty(t, report.Problems)
			require.Equal(t, 2, report.Commits)
		})
	}
}
