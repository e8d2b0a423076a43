package tuf

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRequests(t *testing.T) {
	r := newTestRepo(t)
	c := testClient(t, r, Config{})
	refresh := func(wantChanged bool, want ...string) *Trusted {
		t.Helper()
		r.requests = nil
		trusted, err := c.Refresh(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, r.requests)
		require.Equal(t, wantChanged, trusted.Changed)
		return trusted
	}
	refresh(true, "1.root.json", "2.root.json", "timestamp.json", "snapshot.json", "targets.json")
	stored := tree(t, c.cfg.Dir)
	refresh(false, "2.root.json", "timestamp.json")
	require.Equal(t, stored, tree(t, c.cfg.Dir), "nothing is written when nothing changed")

	r.bump(roleTimestamp)
	r.publishTimestamp()
	refresh(true, "2.root.json", "timestamp.json")

	r.bump(roleTimestamp, roleSnapshot)
	r.publishSnapshot()
	r.publishTimestamp()
	refresh(true, "2.root.json", "timestamp.json", "snapshot.json")

	r.release()
	r.rotate(roleRoot)
	r.rotate(roleRoot)
	trusted := refresh(true, "2.root.json", "3.root.json", "4.root.json", "timestamp.json", "snapshot.json", "targets.json")
	require.Equal(t, int64(3), trusted.RootVersion)
	require.Equal(t, int64(4), trusted.TimestampVersion)
	require.Equal(t, int64(3), trusted.SnapshotVersion)
	require.Equal(t, int64(2), trusted.TargetsVersion)
	require.Equal(t, goodExpiry, trusted.Expires.Format(TimeFormat))
	require.Len(t, trusted.Targets, 2)

	// New keys of the snapshot role: the stored snapshot is what the timestamp names, but nobody vouches for it.
	r.rotate(roleSnapshot)
	r.bump(roleTimestamp, roleSnapshot)
	r.publishSnapshot()
	r.publishTimestamp()
	refresh(true, "4.root.json", "5.root.json", "timestamp.json", "snapshot.json")
}

// A root that asks for more signatures than the stored timestamp has does not make its version forgotten; the same
// timestamp with the missing signature replaces it.
func TestRaisedThreshold(t *testing.T) {
	r := newTestRepo(t)
	ts := r.roles[roleTimestamp]
	one, two := ts.keys, append(ts.keys, newSigner(t, "timestamp-second"))
	ts.keys, ts.version = two, 5
	r.publishRoot()
	ts.keys = one
	r.publishTimestamp()
	c := testClient(t, r, Config{})
	_, err := c.Refresh(t.Context())
	require.NoError(t, err)

	ts.keys, ts.threshold = two, 2
	r.bump(roleRoot)
	r.publishRoot()
	ts.version = 4
	r.publishTimestamp()
	_, err = c.Refresh(t.Context())
	require.ErrorIs(t, err, ErrRollback)

	ts.version = 5
	r.publishTimestamp()
	trusted, err := c.Refresh(t.Context())
	require.NoError(t, err)
	require.True(t, trusted.Changed)
	_, err = c.Stored(t.Context())
	require.NoError(t, err)
}

// endlessRoots serves a valid successor of every root.
type endlessRoots struct{ *testRepo }

func (e endlessRoots) Fetch(ctx context.Context, name string, limit int64) ([]byte, error) {
	if v, ok := rootFileVersion(name); ok && v > 1 {
		e.roles[roleRoot].version = v
		e.publishRoot()
	}
	return e.testRepo.Fetch(ctx, name, limit)
}

func TestRootRotationsAreBounded(t *testing.T) {
	r := newTestRepo(t)
	trusted, err := testClient(t, endlessRoots{r}, Config{}).Refresh(t.Context())
	require.NoError(t, err)
	require.Equal(t, int64(1001), trusted.RootVersion)
	require.Len(t, r.requests, 1001+3)
}

func TestTrustOnFirstUseIsLogged(t *testing.T) {
	var log bytes.Buffer
	c := testClient(t, newTestRepo(t), Config{Log: slog.New(slog.NewTextHandler(&log, nil)), RootDir: "/nonexistent"})
	_, err := c.Refresh(t.Context())
	require.NoError(t, err)
	require.Contains(t, log.String(), "level=WARN")
	require.Contains(t, log.String(), "first use")
	log.Reset()
	_, err = c.Refresh(t.Context())
	require.NoError(t, err)
	require.Empty(t, log.String())
}

func TestFirstRootMustBeVersionOne(t *testing.T) {
	r := newTestRepo(t)
	r.rotate(roleRoot)
	r.files["1.root.json"] = r.files["2.root.json"]
	_, err := testClient(t, r, Config{}).Refresh(t.Context())
	require.ErrorIs(t, err, ErrInvalid)
	require.ErrorContains(t, err, "root version 2 refused: version 1 was asked for")
}

func TestFirstRootMustSignItself(t *testing.T) {
	r := newTestRepo(t)
	r.replace("1.root.json", goodExpiry, "2039-01-01T00:00:00Z")
	_, err := testClient(t, r, Config{}).Refresh(t.Context())
	require.ErrorContains(t, err, "root version 1 refused: signed by 0 of 1 required keys")
}

func TestProvisionedRoots(t *testing.T) {
	yes, no := true, false
	// Roots 1 and 2 are expired, and the source has lost them; 3 has other keys.
	repo := func(t *testing.T) *testRepo {
		r := newTestRepo(t)
		r.roles[roleRoot].expires = pastExpiry
		r.publishRoot()
		r.rotate(roleRoot)
		r.roles[roleRoot].expires = goodExpiry
		r.rotate(roleRoot)
		return r
	}
	for _, tt := range []struct {
		name       string
		files      []string
		production *bool
		want       []string
	}{
		{"prod", []string{"prod/1.root.json", "prod/2.root.json", "ci/1.root.json"}, &yes, []string{"3.root.json", "4.root.json"}},
		{"ci", []string{"ci/1.root.json", "ci/2.root.json", "ci/3.root.json"}, &no, []string{"4.root.json"}},
		{"no certificate: the first two of ci", []string{"ci/1.root.json", "ci/2.root.json", "ci/3.root.json"}, nil, []string{"3.root.json", "4.root.json"}},
		{"chain that starts late", []string{"ci/3.root.json"}, &no, []string{"4.root.json"}},
		{"none of this kind: first use", []string{"ci/1.root.json"}, &yes, []string{"1.root.json", "2.root.json", "3.root.json", "4.root.json"}},
		{"chain with a gap: up to it", []string{"ci/1.root.json", "ci/3.root.json"}, &no, []string{"2.root.json", "3.root.json", "4.root.json"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := repo(t)
			c := testClient(t, r, Config{RootDir: provision(t, r, tt.files...), Production: tt.production})
			trusted, err := c.Refresh(t.Context())
			require.NoError(t, err)
			require.Equal(t, int64(3), trusted.RootVersion)
			require.Equal(t, append(tt.want, "timestamp.json", "snapshot.json", "targets.json"), r.requests)
		})
	}
	t.Run("advance the stored root", func(t *testing.T) {
		r := newTestRepo(t)
		cfg := Config{Dir: t.TempDir()}
		_, err := testClient(t, r, cfg).Refresh(t.Context())
		require.NoError(t, err)
		r.rotate(roleRoot)
		r.rotate(roleRoot)
		cfg.RootDir, cfg.Production = provision(t, r, "ci/1.root.json", "ci/2.root.json", "ci/3.root.json"), &no
		delete(r.files, "2.root.json") // as in an offline bundle
		trusted, err := testClient(t, r, cfg).Refresh(t.Context())
		require.NoError(t, err)
		require.Equal(t, int64(3), trusted.RootVersion)
		require.True(t, trusted.Changed)
	})
	t.Run("foreign ones do not replace the stored root", func(t *testing.T) {
		r, foreign := newTestRepo(t), newTestRepo(t)
		foreign.rotate(roleRoot)
		cfg := Config{Dir: t.TempDir()}
		_, err := testClient(t, r, cfg).Refresh(t.Context())
		require.NoError(t, err)
		cfg.RootDir, cfg.Production = provision(t, foreign, "ci/1.root.json", "ci/2.root.json"), &no
		trusted, err := testClient(t, r, cfg).Refresh(t.Context())
		require.NoError(t, err)
		require.Equal(t, int64(1), trusted.RootVersion)
	})
	t.Run("tampered ones are not passed over for first use", func(t *testing.T) {
		r := repo(t)
		dir := provision(t, r, "ci/1.root.json", "ci/2.root.json")
		require.NoError(t, os.WriteFile(filepath.Join(dir, "ci/2.root.json"), newTestRepo(t).files["1.root.json"], 0o644))
		_, err := testClient(t, r, Config{RootDir: dir, Production: &no}).Refresh(t.Context())
		require.ErrorIs(t, err, ErrInvalid)
		require.ErrorContains(t, err, "provisioned roots")
		require.Empty(t, r.requests)
	})
	t.Run("a source that does not follow them", func(t *testing.T) {
		r := repo(t)
		dir := provision(t, r, "ci/1.root.json")
		_, err := testClient(t, newTestRepo(t), Config{RootDir: dir, Production: &no}).Refresh(t.Context())
		require.Error(t, err)
	})
}

func TestStored(t *testing.T) {
	now := testNow
	r := newTestRepo(t)
	c := testClient(t, r, Config{Now: func() time.Time { return now }})
	_, err := c.Stored(t.Context())
	require.ErrorIs(t, err, ErrNoMetadata)
	_, err = os.Stat(c.cfg.Dir)
	require.ErrorIs(t, err, os.ErrNotExist, "reading creates nothing")

	_, err = c.Refresh(t.Context())
	require.NoError(t, err)
	now = time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)
	trusted, err := c.Stored(t.Context())
	require.ErrorIs(t, err, ErrExpired)
	require.EqualError(t, err, "root version 1 refused: expired on 2031-01-01T00:00:00Z")
	require.Len(t, trusted.Targets, 1)
	now = testNow

	file := filepath.Join(c.cfg.Dir, "current", "targets.json")
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, bytes.Replace(data, []byte("intel-lmp-1"), []byte("intel-lmp-2"), 1), 0o644))
	trusted, err = c.Stored(t.Context())
	require.ErrorIs(t, err, ErrInvalid)
	require.ErrorContains(t, err, "targets version 1 refused: signed by 0 of 1 required keys")
	require.Nil(t, trusted)

	// Damage heals from the source; the root is the one thing that does not.
	trusted, err = c.Refresh(t.Context())
	require.NoError(t, err)
	require.True(t, trusted.Changed)
	_, err = c.Stored(t.Context())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(c.cfg.Dir, "current", "root.json"), []byte("{}"), 0o644))
	_, err = c.Refresh(t.Context())
	require.ErrorIs(t, err, ErrStorage)
}

func TestDirSource(t *testing.T) {
	r := newTestRepo(t)
	dir := writeFiles(t, r.files)
	_, err := testClient(t, Dir(dir), Config{}).Refresh(t.Context())
	require.NoError(t, err)

	_, err = Dir(dir).Fetch(t.Context(), "9.root.json", 10)
	require.ErrorIs(t, err, ErrNotFound)
	_, err = Dir(filepath.Join(dir, "no")).Fetch(t.Context(), "1.root.json", 10)
	require.ErrorIs(t, err, ErrNotFound)
	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(dir, "2.root.json")))
	_, err = Dir(dir).Fetch(t.Context(), "2.root.json", 1<<20)
	require.ErrorIs(t, err, ErrFetch)
	_, err = Dir(dir).Fetch(t.Context(), "../x", 1<<20)
	require.Error(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "3.root.json"), 0o755))
	_, err = Dir(dir).Fetch(t.Context(), "3.root.json", 1<<20)
	require.ErrorIs(t, err, ErrFetch)
}

func TestCanceled(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := testClient(t, Dir(dir), Config{}).Refresh(ctx)
	require.ErrorIs(t, err, ErrFetch)
	require.ErrorIs(t, err, context.Canceled)

	c := testClient(t, newTestRepo(t), Config{Dir: dir})
	s, err := createStore(t.Context(), dir)
	require.NoError(t, err)
	defer s.close()
	_, err = c.Refresh(ctx)
	require.ErrorIs(t, err, ErrStorage)
	require.ErrorContains(t, err, "in use by another process")
}

func TestConfig(t *testing.T) {
	_, err := New(Config{})
	require.Error(t, err)
	c, err := New(Config{Dir: t.TempDir()})
	require.NoError(t, err)
	_, err = c.Refresh(t.Context())
	require.ErrorContains(t, err, "needs a source")
	require.False(t, errors.Is(err, ErrFetch))
}
