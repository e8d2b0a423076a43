package pull

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// TestLocal copies between all modes; the source was filled by the real ostree.
func TestLocal(t *testing.T) {
	what := tree{dirs: 5, filesPerDir: 5, big: 1 << 20}
	plain, canonical := newArchive(t, what, false), newArchive(t, what, true)
	for _, tc := range []struct {
		from repo.Mode
		archive
		to []repo.Mode
	}{
		{repo.Bare, plain, []repo.Mode{repo.Bare, repo.BareUser, repo.Archive}},
		{repo.BareUser, plain, []repo.Mode{repo.Bare, repo.BareUser, repo.Archive}},
		{repo.Archive, plain, []repo.Mode{repo.Bare, repo.BareUser, repo.Archive}},
		{repo.BareUserOnly, canonical, allModes},
		{repo.Archive, canonical, []repo.Mode{repo.BareUserOnly}},
	} {
		src := filledByOSTree(t, tc.from, tc.archive)
		for _, to := range tc.to {
			if os.Getuid() != 0 && to == repo.Bare && tc.commit == canonical.commit {
				continue // only root can give files to root
			}
			t.Run(tc.from.String()+" to "+to.String(), func(t *testing.T) {
				dst, path := newRepo(t, to)
				o := LocalOptions{Commit: tc.commit, Ref: "main"}
				stats, err := Local(context.Background(), dst, src, o)
				require.NoError(t, err)
				requireSame(t, tc.archive, path)
				require.EqualValues(t, len(tc.has(t, "*.filez")), stats.Content)

				stats, err = Local(context.Background(), dst, src, o)
				require.NoError(t, err)
				require.Zero(t, stats.Content+stats.Metadata)
			})
		}
	}
}

// filledByOSTree is a repository of the given mode into which the real ostree pulled.
func filledByOSTree(t *testing.T, mode repo.Mode, a archive) *repo.Repo {
	path := filepath.Join(t.TempDir(), "src")
	ostree(t, "--repo="+path, "init", "--mode="+mode.String())
	ostree(t, "--repo="+path, "pull-local", a.path, "main")
	r, err := repo.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	return r
}

// TestLocalUnfit refuses what the destination's mode cannot hold.
func TestLocalUnfit(t *testing.T) {
	a := newArchive(t, tree{dirs: 1, filesPerDir: 1}, false)
	dst, path := newRepo(t, repo.BareUserOnly)
	_, err := Local(context.Background(), dst, filledByOSTree(t, repo.Archive, a), LocalOptions{Commit: a.commit})
	require.ErrorIs(t, err, repo.ErrUnsupported)
	ostree(t, "--repo="+path, "fsck", "--quiet")
}

// TestLocalFaults refuses a damaged or incomplete source, and continues from a good one.
func TestLocalFaults(t *testing.T) {
	a := newArchive(t, tree{dirs: 3, filesPerDir: 5, big: 100000}, false)
	for _, tc := range []struct {
		name  string
		spoil func(t *testing.T, path string)
		file  string
		want  error
	}{
		{"content changed", rewrite(flip), "filez", repo.ErrCorrupt},
		{"content truncated", rewrite(truncate), "filez", repo.ErrCorrupt},
		{"content gone", func(t *testing.T, path string) { require.NoError(t, os.Remove(path)) }, "filez", ErrNotFound},
		{"dirtree changed", rewrite(flip), "dirtree", repo.ErrCorrupt},
		{"commit changed", rewrite(flip), "commit", repo.ErrCorrupt},
	} {
		t.Run(tc.name, func(t *testing.T) {
			srcPath := filepath.Join(t.TempDir(), "src")
			require.NoError(t, os.CopyFS(srcPath, os.DirFS(a.path)))
			victim := filepath.Join(srcPath, largest(tc.file)(a, t))
			tc.spoil(t, victim)
			src, err := repo.Open(srcPath)
			require.NoError(t, err)
			defer src.Close()
			dst, dstPath := newRepo(t, repo.BareUser)
			_, err = Local(context.Background(), dst, src, LocalOptions{Commit: a.commit, Ref: "main"})
			require.ErrorIs(t, err, tc.want)
			name := filepath.Base(filepath.Dir(victim)) + filepath.Base(victim)
			require.ErrorContains(t, err, name[:64], "names the object")
			requireResumable(t, a, dst, dstPath)
		})
	}
}

func rewrite(change func([]byte) []byte) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, os.Chmod(path, 0o644))
		require.NoError(t, os.WriteFile(path, change(data), 0o644))
	}
}

// TestLocalDamagedDestination replaces a corrupt dirtree found in the destination.
func TestLocalDamagedDestination(t *testing.T) {
	a := newArchive(t, tree{dirs: 3, filesPerDir: 3}, false)
	src, err := repo.Open(a.path)
	require.NoError(t, err)
	defer src.Close()
	dst, dstPath := newRepo(t, repo.BareUser)
	_, err = Local(context.Background(), dst, src, LocalOptions{Commit: a.commit, Ref: "main"})
	require.NoError(t, err)
	rewrite(flip)(t, filepath.Join(dstPath, largest("dirtree")(a, t)))
	require.NoError(t, dst.MarkPartial(a.commit))
	_, err = Local(context.Background(), dst, src, LocalOptions{Commit: a.commit, Ref: "main"})
	require.NoError(t, err)
	requireSame(t, a, dstPath)
}

func TestLocalCancel(t *testing.T) {
	a := newArchive(t, tree{dirs: 3, filesPerDir: 3}, false)
	src, err := repo.Open(a.path)
	require.NoError(t, err)
	defer src.Close()
	dst, _ := newRepo(t, repo.BareUser)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = Local(ctx, dst, src, LocalOptions{Commit: a.commit})
	require.ErrorIs(t, err, context.Canceled)
	_, err = Local(context.Background(), dst, src, LocalOptions{Commit: object.Checksum{}})
	require.ErrorContains(t, err, "no commit")
}
