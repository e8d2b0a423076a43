package client

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/internal/config"
	"github.com/sotabox/sotabox/internal/gateway"
	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/pull"
	"github.com/sotabox/sotabox/ostreelite/repo"
	"github.com/sotabox/sotabox/ostreelite/sysroot"
)

func TestParsePlaces(t *testing.T) {
	got, err := parsePlaces([]byte(`[{"download_url":"https://a/r?x=y","access_token":"t"},{"download_url":"https://b"}]`), "https://gw/ostree")
	require.NoError(t, err)
	require.Equal(t, []pull.Remote{
		{URL: "https://a/r?x=y", Header: http.Header{"Authorization": {"Bearer t"}}},
		{URL: "https://b"},
	}, got)
	got, err = parsePlaces([]byte(`[`+strings.Repeat(`{"download_url":"https://a"},`, 20)+`{"download_url":"https://a"}]`), "https://gw")
	require.NoError(t, err)
	require.Len(t, got, maxPlaces)
	for _, empty := range []string{"[]", "null"} {
		got, err = parsePlaces([]byte(empty), "https://gw")
		require.NoError(t, err)
		require.Empty(t, got)
	}
	got, err = parsePlaces([]byte(`[{"download_url":"http://a","access_token":"t"}]`), "http://bench")
	require.NoError(t, err)
	require.Len(t, got, 1)

	for _, bad := range []string{
		`{"download_url":"https://a"}`, `[{"download_url":1}]`, `secret`, `[{"download_url":"https://a","access_token":"secret"}`,
		`[{"download_url":"http://a","access_token":"secret"}]`, `[{"download_url":"file:///a","access_token":"secret"}]`,
		`[{"access_token":"secret"}]`, `[{"download_url":"https://se cret"}]`,
	} {
		_, err := parsePlaces([]byte(bad), "https://gw")
		require.Error(t, err, bad)
		require.NotContains(t, err.Error(), "secret")
	}
}

func TestUnpackedSize(t *testing.T) {
	const stats = `{"t":{"f":{"size":10,"u_size":300},"g":{"size":1},"huge":{"u_size":18446744073709551615}},"u":{}}`
	for _, tc := range []struct {
		stats, from, to string
		size            int64
		ok              bool
	}{
		{stats, "f", "t", 300, true},
		{stats, "huge", "t", 1<<63 - 1, true},
		{stats, "g", "t", 0, false},
		{stats, "x", "t", 0, false},
		{stats, "f", "u", 0, false},
		{stats, "f", "v", 0, false},
		{"", "f", "t", 0, false},
	} {
		size, ok, err := unpackedSize([]byte(tc.stats), tc.from, tc.to)
		require.NoError(t, err)
		require.Equal(t, tc.ok, ok, "%s to %s", tc.from, tc.to)
		require.Equal(t, tc.size, size)
	}
	_, _, err := unpackedSize([]byte(`{"t":[]}`), "f", "t")
	require.Error(t, err)
}

// bench is a client of a gateway that serves an OSTree repository in the clear.
type bench struct {
	*Client
	commit object.Checksum
	log    *strings.Builder
	// answer is what download-urls says, status 204 if it is empty; stats is what
	// there is under delta-stats/.
	answer, stats string
	// requests of the gateway; elsewhere, the bearer token must be right.
	requests []string
	place    *httptest.Server
}

const benchToken = "very-secret-token"

func newBench(t *testing.T) *bench {
	b := &bench{log: new(strings.Builder)}
	root, archive := t.TempDir(), filepath.Join(t.TempDir(), "archive")
	require.NoError(t, os.WriteFile(filepath.Join(root, "file"), []byte("data"), 0o644))
	run := func(args ...string) string {
		out, err := exec.Command("ostree", args...).Output()
		require.NoError(t, err, args)
		return strings.TrimSpace(string(out))
	}
	run("--repo="+archive, "init", "--mode=archive")
	var err error
	b.commit, err = object.ParseChecksum(run("--repo="+archive, "commit", "--branch=main", "--tree=dir="+root))
	require.NoError(t, err)
	files := http.FileServer(http.Dir(archive))
	gw := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.requests = append(b.requests, r.Method+" "+r.URL.Path)
		switch {
		case r.URL.Path == "/ostree/download-urls" && b.answer == "":
			w.WriteHeader(http.StatusNoContent)
		case r.URL.Path == "/ostree/download-urls" && b.answer == "404":
			w.WriteHeader(http.StatusNotFound)
		case r.URL.Path == "/ostree/download-urls":
			io.WriteString(w, b.answer)
		case strings.HasPrefix(r.URL.Path, "/ostree/delta-stats/"):
			io.WriteString(w, b.stats)
		default:
			http.StripPrefix("/ostree", files).ServeHTTP(w, r)
		}
	}))
	t.Cleanup(gw.Close)
	b.place = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+benchToken {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		files.ServeHTTP(w, r)
	}))
	t.Cleanup(b.place.Close)

	dir := t.TempDir()
	require.NoError(t, sysroot.Init(dir, repo.BareUser))
	s, err := sysroot.Open(sysroot.Options{Path: dir, Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	log := slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	b.Client = &Client{config: &config.Config{}, log: log, sysroot: s, gateway: gateway.New(gateway.Options{Log: log})}
	b.config.Pacman.OSTreeServer = gw.URL + "/ostree"
	return b
}

func (b *bench) target(custom string) Target {
	return Target{Name: "t-1", Commit: b.commit.String(), Custom: json.RawMessage(custom)}
}

// asked tells whether the gateway was asked for objects.
func (b *bench) asked() bool {
	for _, r := range b.requests {
		if strings.HasPrefix(r, "GET /ostree/objects/") {
			return true
		}
	}
	return false
}

// TestFetchFromPlaces downloads where the gateway says, and from the gateway
// where that does not work.
func TestFetchFromPlaces(t *testing.T) {
	for _, tc := range []struct {
		name, token  string
		answer       string // PLACE stands for the URL of the other server
		fromGateway  bool
		warns, tells string
	}{
		{"other place", benchToken, `[{"download_url":"PLACE","access_token":"TOKEN"}]`, false, "", ""},
		{"wrong token", "wrong", `[{"download_url":"PLACE","access_token":"TOKEN"}]`, true, "trying the next", ""},
		{"other place is down", benchToken, `[{"download_url":"http://127.0.0.1:1","access_token":"TOKEN"}]`, true, "trying the next", ""},
		{"none", "", "", true, "", ""},
		{"not known", "", "404", true, "", ""},
		{"nonsense", benchToken, `[{"download_url":"PLACE","access_token":"TOKEN"`, true, "no other place", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.answer = strings.NewReplacer("PLACE", b.place.URL, "TOKEN", tc.token).Replace(tc.answer)
			require.NoError(t, b.fetch(t.Context(), b.target("{}")))
			have, err := b.pulled(b.commit)
			require.NoError(t, err)
			require.True(t, have)
			require.Equal(t, tc.fromGateway, b.asked())
			require.Contains(t, b.requests, "POST /ostree/download-urls")
			require.NotContains(t, b.log.String(), benchToken)
			if tc.warns == "" {
				require.NotContains(t, b.log.String(), "level=WARN")
			} else {
				require.Contains(t, b.log.String(), tc.warns)
			}
		})
	}
}

// TestFetchChecksSize refuses beforehand what does not fit, if that is known from
// a document that is as the metadata says.
func TestFetchChecksSize(t *testing.T) {
	custom := func(stats string) string {
		size, _ := json.Marshal(len(stats))
		return `{"delta-stats":{"sha256":"` + object.Sum([]byte(stats)).String() + `","size":` + string(size) + `}}`
	}
	huge := func(b *bench) string {
		return `{"` + b.commit.String() + `":{"` + b.Current().Commit + `":{"size":1,"u_size":1000000000000000000}}}`
	}
	for _, tc := range []struct {
		name     string
		served   func(b *bench) string
		declared func(b *bench) string
		noSpace  bool
		warns    bool
	}{
		{"does not fit", huge, huge, true, false},
		{"fits", func(b *bench) string { return strings.Replace(huge(b), "1000000000000000000", "10", 1) }, nil, false, false},
		{"other commit", func(b *bench) string { return `{"x":{"y":{"u_size":1000000000000000000}}}` }, nil, false, false},
		{"not as declared", huge, func(b *bench) string { return huge(b) + " " }, false, true},
		{"nonsense", func(b *bench) string { return "nonsense" }, nil, false, true},
		{"too large", func(b *bench) string { return huge(b) + strings.Repeat(" ", maxDeltaStats) }, nil, false, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.stats = tc.served(b)
			declared := b.stats
			if tc.declared != nil {
				declared = tc.declared(b)
			}
			err := b.fetch(t.Context(), b.target(custom(declared)))
			if tc.noSpace {
				require.ErrorIs(t, err, ErrNoSpace)
				require.False(t, b.asked())
				require.NotContains(t, err.Error(), "\n")
				return
			}
			require.NoError(t, err)
			require.Equal(t, tc.warns, strings.Contains(b.log.String(), "level=WARN"), b.log.String())
		})
	}
}

// TestApplyReserve writes what the real ostree reads.
func TestApplyReserve(t *testing.T) {
	b := newBench(t)
	path := b.sysroot.Repo().Path()
	get := func() string {
		out, err := exec.Command("ostree", "--repo="+path, "config", "get", "core.min-free-space-percent").Output()
		require.NoError(t, err)
		return strings.TrimSpace(string(out))
	}
	require.NoError(t, b.applyReserve())
	k, err := repo.ParseKeyfile(b.sysroot.Repo().Config().Keyfile.Bytes())
	require.NoError(t, err)
	k.Set("core", "min-free-space-size", "5MB")
	require.NoError(t, b.sysroot.Repo().WriteConfig(k))

	b.config.Pacman.ReservedSpacePercent = 49
	require.NoError(t, b.fetch(t.Context(), b.target("{}")))
	require.Equal(t, "49", get())
	require.Equal(t, 49, b.sysroot.Repo().Config().MinFreePercent)
	require.NoError(t, exec.Command("ostree", "--repo="+path, "fsck", "--quiet").Run())
}
