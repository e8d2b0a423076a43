package tuf

import (
	"bytes"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestNotBefore(t *testing.T) {
	at := func(year int) time.Time { return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC) }
	for _, tt := range []struct {
		name  string
		clock time.Time
		known []knownTime
		want  time.Time
		from  string
	}{
		{"nothing known", at(1970), nil, at(1970), ""},
		{"clock ahead", at(2030), []knownTime{{at(2029), "a"}, {at(2020), "b"}}, at(2030), ""},
		{"clock equal", at(2030), []knownTime{{at(2030), "a"}}, at(2030), ""},
		{"clock behind", at(1970), []knownTime{{at(2029), "a"}}, at(2029), "a"},
		{"latest of two", at(1970), []knownTime{{at(2020), "a"}, {at(2029), "b"}, {at(2021), "c"}}, at(2029), "b"},
		{"unknown", at(1970), []knownTime{{time.Time{}, "a"}}, at(1970), ""},
	} {
		now, from := notBefore(tt.clock, tt.known...)
		require.Equal(t, tt.want, now, tt.name)
		require.Equal(t, tt.from, from, tt.name)
	}
}

func TestLatestSeen(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2030, 1, d, 0, 0, 0, 0, time.UTC) }
	for _, tt := range []struct {
		name    string
		now     time.Time
		targets []Target
		want    time.Time
	}{
		{"no targets", day(5), nil, day(5)},
		{"older ones", day(5), []Target{{CreatedAt: day(1), UpdatedAt: day(2)}, {}}, day(5)},
		{"made later", day(5), []Target{{CreatedAt: day(6)}, {CreatedAt: day(3)}}, day(6)},
		{"changed later", day(5), []Target{{CreatedAt: day(6), UpdatedAt: day(8)}}, day(8)},
		{"made when the set is expired", day(5), []Target{{CreatedAt: day(10)}, {CreatedAt: day(7)}}, day(7)},
		{"fraction of a second", day(5).Add(time.Millisecond), nil, day(5)},
	} {
		require.Equal(t, tt.want, latestSeen(tt.now, &Trusted{Targets: tt.targets, Expires: day(10)}), tt.name)
	}
}

// A device that starts in 1970 is not fooled by metadata that expired before it last stored some.
func TestClockBehind(t *testing.T) {
	var log bytes.Buffer
	now := testNow
	r := newTestRepo(t)
	frozen := *r
	frozen.files = maps.Clone(r.files)
	for _, role := range r.roles {
		role.expires = "2032-01-01T00:00:00Z"
	}
	r.bump(roleRoot)
	r.publishRoot()
	r.targets["intel-lmp-1"].(map[string]any)["custom"].(map[string]any)["createdAt"] = "2031-05-06T07:08:09Z"
	r.release()
	cfg := Config{Dir: filepath.Join(t.TempDir(), "tuf"), Now: func() time.Time { return now }, Log: slog.New(slog.NewTextHandler(&log, nil))}
	_, err := testClient(t, r, cfg).Refresh(t.Context())
	require.NoError(t, err)
	seen, err := os.ReadFile(filepath.Join(cfg.Dir, "current", "seen"))
	require.NoError(t, err)
	require.Equal(t, "2031-05-06T07:08:09Z\n", string(seen), "the signed time, which is later than the clock")

	now = time.Unix(0, 0)
	log.Reset()
	r.roles[roleTimestamp].expires = "2031-05-06T07:08:09Z"
	r.bump(roleTimestamp)
	r.publishTimestamp()
	_, err = testClient(t, r, cfg).Refresh(t.Context())
	require.ErrorIs(t, err, ErrExpired)
	require.Contains(t, log.String(), "clock=1970-01-01T00:00:00Z time=2031-05-06T07:08:09Z known_from=\"stored metadata\"")
	_, err = testClient(t, r, cfg).Stored(t.Context())
	require.NoError(t, err)

	// Nothing stored: what the caller knows decides.
	fresh := Config{Now: cfg.Now}
	_, err = testClient(t, &frozen, fresh).Refresh(t.Context())
	require.NoError(t, err, "1970 and nothing known to be later")
	fresh.NotBefore = time.Date(2031, 6, 1, 0, 0, 0, 0, time.UTC)
	_, err = testClient(t, &frozen, fresh).Refresh(t.Context())
	require.ErrorIs(t, err, ErrExpired)

	// A time that makes no sense is none.
	require.NoError(t, os.WriteFile(filepath.Join(cfg.Dir, "current", "seen"), []byte("yesterday"), 0o644))
	_, err = testClient(t, r, cfg).Refresh(t.Context())
	require.NoError(t, err)
}

// A clock that ran ahead does not shut the device out once it is right again.
func TestClockAhead(t *testing.T) {
	now := time.Date(2030, 12, 31, 0, 0, 0, 0, time.UTC) // a year ahead, just before everything expires
	r := newTestRepo(t)
	cfg := Config{Dir: filepath.Join(t.TempDir(), "tuf"), Now: func() time.Time { return now }}
	_, err := testClient(t, r, cfg).Refresh(t.Context())
	require.NoError(t, err)
	now = testNow
	_, err = testClient(t, r, cfg).Refresh(t.Context())
	require.NoError(t, err)
	r.roles[roleTimestamp].expires = "2031-01-08T00:00:00Z"
	r.release()
	_, err = testClient(t, r, cfg).Refresh(t.Context())
	require.NoError(t, err)
}
