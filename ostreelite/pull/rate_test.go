package pull

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/repo"
)

func TestRateTake(t *testing.T) {
	r := newRate(1000)
	now := time.Now()
	require.LessOrEqual(t, r.take(100, now), time.Duration(0), "a burst is free")
	require.Equal(t, 500*time.Millisecond, r.take(500, now).Round(time.Millisecond))
	require.Equal(t, 600*time.Millisecond, r.take(100, now).Round(time.Millisecond), "what others took counts")
	later := now.Add(time.Hour)
	require.LessOrEqual(t, r.take(100, later), time.Duration(0))
	require.Positive(t, r.take(1, later), "a long pause saves no more than a burst")

	require.Equal(t, 101, r.piece(1<<20))
	none := newRate(0)
	require.Equal(t, 1<<20, none.piece(1<<20))
	require.NoError(t, none.wait(context.Background(), 1<<30))

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, r.wait(ctx, 1<<20), context.Canceled)
}

// TestPullKeepsToTheRate takes as long as the rate says, over all connections.
func TestPullKeepsToTheRate(t *testing.T) {
	a := newArchive(t, tree{dirs: 4, filesPerDir: 4, big: 300000}, false)
	r, path := newRepo(t, repo.BareUser)
	o := options(a.commit, serve(t, a.path, nil).URL)
	o.MaxRate = 400000
	stats, err := Pull(context.Background(), r, o)
	require.NoError(t, err)
	requireSame(t, a, path)
	least := time.Duration(float64(stats.Bytes)/float64(o.MaxRate)*float64(time.Second)) - burst
	require.GreaterOrEqual(t, stats.Elapsed, least)
	require.Less(t, stats.Elapsed, 3*least)
}
