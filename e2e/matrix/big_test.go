//go:build factory

package matrix

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/repo"
)

// manyFiles makes count files: most of them in one directory, of which few differ
// in content, the others over many directories, all different.
func manyFiles(t *testing.T, dir string, count int) {
	t.Helper()
	crowded := count * 3 / 4
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "crowded"), 0o755))
	for i := range crowded {
		name := filepath.Join(dir, fmt.Sprintf("crowded/file-with-a-common-name-%06d", i))
		require.NoError(t, os.WriteFile(name, fmt.Append(nil, "content ", i%500), 0o644))
	}
	for i := range count - crowded {
		sub := filepath.Join(dir, fmt.Sprintf("spread/%d/%d", i%10, i/10%100))
		require.NoError(t, os.MkdirAll(sub, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(sub, fmt.Sprint(i)), fmt.Append(nil, "only here ", i), 0o644))
	}
}

// TestManyFiles moves a commit of 100,000 files both ways.
func TestManyFiles(t *testing.T) {
	count := sized(100_000, 4_000)
	dir := filepath.Join(t.TempDir(), "tree")
	manyFiles(t, dir, count)
	bothWays(t, dir)
}

// TestHugeFile moves a file of more than 4 GiB both ways, sparse but for some bytes
// where a size or an offset of 32 bits would go wrong.
func TestHugeFile(t *testing.T) {
	edge := int64(sized(1<<32, 1<<26))
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "huge"))
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, f.Truncate(edge+123_457))
	for _, at := range []int64{0, edge/2 - 2, edge - 2, edge + 123_452} {
		_, err := f.WriteAt([]byte("mark"), at)
		require.NoError(t, err)
	}
	bothWays(t, dir)
}

// bothWays lets us pull what they commit and them pull what we commit.
func bothWays(t *testing.T, dir string) {
	t.Helper()
	mode := repo.BareUser
	if isRoot {
		mode = repo.Bare
	}
	o := origin{tree: dir, path: theirRepo(t, repo.Archive)}
	o.commit = theirCommit(t, o.path, dir)
	ours := ourRepo(t, mode)
	ourPull(t, ours, serve(t, o.path, nil), o.commit)
	requireSound(t, ours.Path(), o.commit)
	requireSameTree(t, describe(t, dir), describe(t, theirCheckout(t, ours.Path(), o.commit)))

	archive, c := ourCommit(t, repo.Archive, o, false)
	requireSameObjects(t, archive, c, o)
	theirs := theirRepo(t, mode)
	theirPull(t, theirs, serve(t, archive.Path(), nil), c)
	requireSound(t, theirs, c)
	requireSameTree(t, describe(t, dir), describe(t, ourCheckout(t, theirs, c)))
}
