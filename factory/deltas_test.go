//go:build factory

package factory

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/delta"
	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// TestPublishWithDeltas publishes deltas from an earlier version and from scratch.
func TestPublishWithDeltas(t *testing.T) {
	f := newFactory(t, nil)
	first := publish(t, f, Version{Number: 1})
	for _, names := range [][]string{{"1"}, {first.Name}, {first.Commit.String()}} {
		from, err := f.DeltaSources(names)
		require.NoError(t, err)
		require.Equal(t, []object.Checksum{first.Commit}, from)
	}
	_, err := f.DeltaSources([]string{"no-such-version"})
	require.ErrorIs(t, err, repo.ErrNotFound)

	from, err := f.DeltaSources([]string{"1", "scratch"})
	require.NoError(t, err)
	second := publish(t, f, Version{Number: 2, DeltaFrom: from})
	sizes := map[object.Checksum]int64{}
	for _, c := range from {
		info, err := os.Stat(filepath.Join(f.OSTree(), delta.PartPath(c, second.Commit, 0)))
		require.NoError(t, err)
		sizes[c] = info.Size()
		require.FileExists(t, filepath.Join(f.OSTree(), delta.SuperblockPath(c, second.Commit)))
	}
	require.Less(t, sizes[first.Commit], sizes[object.Checksum{}])
	_, err = f.Publish(context.Background(), Version{Number: 3, DeltaFrom: []object.Checksum{{1}}})
	require.ErrorIs(t, err, repo.ErrNotFound)
}
