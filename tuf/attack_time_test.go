package tuf

import (
	"context"
	"maps"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The attacks that take time, or many turns, do not fit the table.

// stalled is a server that never finishes one document.
type stalled struct {
	*testRepo
	name string
}

func (s stalled) Fetch(ctx context.Context, name string, limit int64) ([]byte, error) {
	if name == s.name {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return s.testRepo.Fetch(ctx, name, limit)
}

func TestSlowServer(t *testing.T) {
	for _, name := range []string{"2.root.json", "timestamp.json", "snapshot.json", "targets.json"} {
		r := newTestRepo(t)
		cfg := Config{Dir: filepath.Join(t.TempDir(), "tuf")}
		_, err := testClient(t, r, cfg).Refresh(t.Context())
		require.NoError(t, err)
		stored := tree(t, cfg.Dir)
		r.release()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		_, err = testClient(t, stalled{r, name}, cfg).Refresh(ctx)
		cancel()
		require.ErrorIs(t, err, ErrFetch, name)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, stored, tree(t, cfg.Dir))
	}
}

// A server that goes on serving what it once served is found out when the timestamp expires.
func TestFreeze(t *testing.T) {
	now := testNow
	r := newTestRepo(t)
	r.roles[roleTimestamp].expires = testNow.Add(24 * time.Hour).Format(TimeFormat)
	r.release()
	frozen := *r
	frozen.files = maps.Clone(r.files)
	c := testClient(t, &frozen, Config{Now: func() time.Time { return now }})
	for ; now.Before(testNow.Add(24 * time.Hour)); now = now.Add(time.Hour) {
		_, err := c.Refresh(t.Context())
		require.NoError(t, err, now)
		r.release()
	}
	_, err := c.Refresh(t.Context())
	require.ErrorIs(t, err, ErrExpired)
	require.EqualError(t, err, "timestamp version 2 refused: expired on 2030-01-02T12:00:00Z")
}

// The four roles get new keys in every order, at a device that follows each step and at one that sees the end only.
func TestRotationInEveryOrder(t *testing.T) {
	for _, order := range permutations([]string{roleRoot, roleTimestamp, roleSnapshot, roleTargets}) {
		r := newTestRepo(t)
		near, far := testClient(t, r, Config{}), testClient(t, r, Config{})
		_, err := far.Refresh(t.Context())
		require.NoError(t, err)
		for _, role := range order {
			_, err := near.Refresh(t.Context())
			require.NoError(t, err, "%v", order)
			r.rotate(role)
			_, err = near.Refresh(t.Context())
			if role != roleRoot {
				require.ErrorIs(t, err, ErrInvalid, "%v: what the old key of %s signed", order, role)
			}
			r.release()
		}
		for _, c := range []*Client{near, far} {
			trusted, err := c.Refresh(t.Context())
			require.NoError(t, err, "%v", order)
			require.Equal(t, int64(5), trusted.RootVersion)
			require.Equal(t, int64(5), trusted.TargetsVersion)
		}
	}
}

func permutations(list []string) (all [][]string) {
	if len(list) == 0 {
		return [][]string{nil}
	}
	for i, first := range list {
		rest := append(append([]string{}, list[:i]...), list[i+1:]...)
		for _, p := range permutations(rest) {
			all = append(all, append([]string{first}, p...))
		}
	}
	return all
}

// Whoever had the timestamp key can send versions as far ahead as numbers go. New keys bring a device back from there, and
// nothing else does.
func TestFastForwardRecovery(t *testing.T) {
	for _, role := range []string{roleTimestamp, roleSnapshot, roleTargets} {
		r := newTestRepo(t)
		r.roles[role].version = 1<<63 - 1
		r.republish()
		c := testClient(t, r, Config{})
		_, err := c.Refresh(t.Context())
		require.NoError(t, err)
		r.roles[role].version = 2
		if role != roleTimestamp {
			r.bump(roleTimestamp)
		}
		if role == roleTargets {
			r.bump(roleSnapshot)
		}
		r.republish()
		_, err = c.Refresh(t.Context())
		require.ErrorIs(t, err, ErrRollback, role)
		r.rotate(roleRoot)
		_, err = c.Refresh(t.Context())
		require.ErrorIs(t, err, ErrRollback, role)
		r.rotate(role)
		r.republish()
		_, err = c.Refresh(t.Context())
		require.NoError(t, err, role)
	}
}
