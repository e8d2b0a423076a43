package pull

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/repo"
)

func TestWorkersFor(t *testing.T) {
	for trip, want := range map[time.Duration]int{
		0:                      leastWorkers,
		time.Millisecond:       leastWorkers,
		20 * time.Millisecond:  22,
		50 * time.Millisecond:  55,
		500 * time.Millisecond: mostWorkers,
		time.Hour:              mostWorkers,
	} {
		require.Equal(t, want, workersFor(trip), trip)
	}
}

func TestTripsKeepTheShortest(t *testing.T) {
	var x trips
	require.Zero(t, x.least())
	for _, d := range []time.Duration{30, 20, 40} {
		x.note(d)
	}
	require.Equal(t, time.Duration(20), x.least())
}

// TestPullHasManyInFlightWhereItPays counts the requests that a server has at
// once: many where an answer takes long, few where it does not, and never more
// than were asked for.
func TestPullHasManyInFlightWhereItPays(t *testing.T) {
	a := newArchive(t, tree{dirs: 10, filesPerDir: 30}, false)
	for _, tc := range []struct {
		name            string
		takes           time.Duration
		workers         int
		atLeast, atMost int64
	}{
		{"slow", 50 * time.Millisecond, 0, 40, mostWorkers},
		{"fast", 0, 0, 1, leastWorkers},
		{"slow, but few wanted", 10 * time.Millisecond, 3, 3, 3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var now, peak atomic.Int64
			url := serve(t, a.path, func(h http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					n := now.Add(1)
					for p := peak.Load(); n > p && !peak.CompareAndSwap(p, n); p = peak.Load() {
					}
					time.Sleep(tc.takes)
					now.Add(-1)
					h.ServeHTTP(w, r)
				})
			}).URL
			r, path := newRepo(t, repo.BareUser)
			o := options(a.commit, url)
			o.Workers = tc.workers
			_, err := Pull(context.Background(), r, o)
			require.NoError(t, err)
			requireSame(t, a, path)
			require.GreaterOrEqual(t, peak.Load(), tc.atLeast)
			require.LessOrEqual(t, peak.Load(), tc.atMost)
		})
	}
}
