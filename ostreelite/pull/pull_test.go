package pull

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

var allModes = []repo.Mode{repo.Bare, repo.BareUser, repo.BareUserOnly, repo.Archive}

// TestPull pulls what the real ostree committed into every mode.
func TestPull(t *testing.T) {
	what := tree{dirs: 20, filesPerDir: 20, big: 3 << 20}
	plain, canonical := newArchive(t, what, false), newArchive(t, what, true)
	for _, mode := range allModes {
		t.Run(mode.String(), func(t *testing.T) {
			a := plain
			if mode == repo.BareUserOnly {
				a = canonical
			}
			url := serve(t, a.path, nil).URL
			r, path := newRepo(t, mode)
			stats, err := Pull(context.Background(), r, options(a.commit, url))
			require.NoError(t, err)
			requireSame(t, a, path)
			require.EqualValues(t, len(a.has(t, "*.filez")), stats.Content)
			require.EqualValues(t, len(a.has(t, "*.dirtree"))+len(a.has(t, "*.dirmeta")), stats.Metadata)
			require.Greater(t, stats.Bytes, int64(3<<20))

			stats, err = Pull(context.Background(), r, options(a.commit, url))
			require.NoError(t, err)
			require.Zero(t, stats.Content+stats.Metadata+stats.Bytes, "a whole commit costs nothing")
		})
	}
}

// TestPullUpdate fetches of a second commit what is new, and nothing else.
func TestPullUpdate(t *testing.T) {
	a := newArchive(t, tree{dirs: 10, filesPerDir: 10}, false)
	var requests atomic.Int64
	url := serve(t, a.path, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			requests.Add(1)
			h.ServeHTTP(w, r)
		})
	}).URL
	r, path := newRepo(t, repo.BareUser)
	_, err := Pull(context.Background(), r, options(a.commit, url))
	require.NoError(t, err)

	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "extra"), []byte("new"), 0o644))
	second := archive{path: a.path, commit: checksum(t, ostree(t, "--repo="+a.path, "commit", "--branch=main",
		"--tree=ref=main", "--tree=dir="+root))}
	requests.Store(0)
	stats, err := Pull(context.Background(), r, options(second.commit, url))
	require.NoError(t, err)
	require.EqualValues(t, 1, stats.Content)
	require.LessOrEqual(t, requests.Load(), int64(8), "config, commit, two looks for a static delta, root dirtree and dirmeta, file")
	requireSame(t, second, path)
	require.Equal(t, "A    /extra", ostree(t, "--repo="+path, "diff", a.commit.String(), second.commit.String()))
}

// TestPullSendsHeader sends the caller's headers to the caller's host over the
// caller's TLS, and keeps few connections.
func TestPullSendsHeader(t *testing.T) {
	a := newArchive(t, tree{dirs: 10, filesPerDir: 20}, false)
	var conns atomic.Int64
	files := http.FileServer(http.Dir(a.path))
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		http.StripPrefix("/the/repo", files).ServeHTTP(w, r)
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			conns.Add(1)
		}
	}
	s.StartTLS()
	t.Cleanup(s.Close)

	r, path := newRepo(t, repo.BareUser)
	o := options(a.commit, s.URL+"/the/repo/")
	o.Workers = 6
	_, err := Pull(context.Background(), r, o)
	require.ErrorIs(t, err, ErrFetch, "the server's certificate is not known")
	var unknown *tls.CertificateVerificationError
	require.ErrorAs(t, err, &unknown)

	o.Remotes[0].Client = s.Client()
	_, err = Pull(context.Background(), r, o)
	require.ErrorIs(t, err, ErrFetch)
	require.ErrorContains(t, err, "401")

	conns.Store(0)
	o.Remotes[0].Header = http.Header{"Authorization": {"Bearer secret"}}
	_, err = Pull(context.Background(), r, o)
	require.NoError(t, err)
	requireSame(t, a, path)
	require.LessOrEqual(t, conns.Load(), int64(o.Workers))
}

// TestPullProgress checks that reports never overlap, never go back and end true.
func TestPullProgress(t *testing.T) {
	a := newArchive(t, tree{dirs: 10, filesPerDir: 10}, false)
	url := serve(t, a.path, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(20 * time.Millisecond)
			h.ServeHTTP(w, r)
		})
	}).URL
	var busy sync.Mutex
	var all []Progress
	o := options(a.commit, url)
	o.Workers = 3
	o.Progress = func(p Progress) {
		require.True(t, busy.TryLock(), "two reports at once")
		defer busy.Unlock()
		all = append(all, p)
	}
	r, _ := newRepo(t, repo.BareUser)
	stats, err := Pull(context.Background(), r, o)
	require.NoError(t, err)
	require.Greater(t, len(all), 2)
	require.LessOrEqual(t, len(all), int(stats.Elapsed/progressInterval)+1)
	for i, p := range all {
		require.LessOrEqual(t, p.Objects, p.TotalObjects)
		if i > 0 {
			require.GreaterOrEqual(t, p.Objects, all[i-1].Objects)
			require.GreaterOrEqual(t, p.Bytes, all[i-1].Bytes)
		}
	}
	last := all[len(all)-1]
	require.Equal(t, stats.Metadata+stats.Content, last.Objects)
	require.Equal(t, last.TotalObjects, last.Objects)
	require.Positive(t, last.Rate())
}

func TestPullRefusesNonsense(t *testing.T) {
	r, _ := newRepo(t, repo.BareUser)
	_, err := Pull(context.Background(), r, Options{Remotes: []Remote{{URL: "http://localhost"}}})
	require.ErrorContains(t, err, "no commit")
	_, err = Pull(context.Background(), r, Options{Commit: sum(1)})
	require.ErrorContains(t, err, "no remote")
	_, err = Pull(context.Background(), r, options(sum(1), "file:///tmp"))
	require.ErrorIs(t, err, ErrFetch)
}

// TestPullCancel stops at once, though a server hangs, and leaves what can be
// continued.
func TestPullCancel(t *testing.T) {
	a := newArchive(t, tree{dirs: 20, filesPerDir: 10}, false)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var served atomic.Int64
	url := serve(t, a.path, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n := served.Add(1)
			if n == 100 {
				cancel()
			}
			if n > 90 {
				<-r.Context().Done()
				return
			}
			h.ServeHTTP(w, r)
		})
	}).URL
	r, path := newRepo(t, repo.BareUser)
	o := options(a.commit, url)
	o.Workers = 12
	_, err := Pull(ctx, r, o)
	require.ErrorIs(t, err, context.Canceled)
	partial, err := r.IsPartial(a.commit)
	require.NoError(t, err)
	require.True(t, partial)
	have, err := r.Has(object.Name{Type: object.TypeCommit, Checksum: a.commit})
	require.NoError(t, err)
	require.False(t, have, "the commit object comes last")
	requireResumable(t, a, r, path)
}

// TestPullNoSpace has too little space by the repository's own reserve, and lets
// the pull be continued when there is more.
func TestPullNoSpace(t *testing.T) {
	for _, sizes := range []bool{false, true} {
		var args []string
		if sizes {
			args = append(args, "--generate-sizes")
		}
		a := newArchive(t, tree{dirs: 3, filesPerDir: 3, big: 1 << 20}, false, args...)
		var content atomic.Int64
		url := serve(t, a.path, func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, ".filez") {
					content.Add(1)
				}
				h.ServeHTTP(w, r)
			})
		}).URL
		r, path := newRepo(t, repo.BareUser)
		require.NoError(t, r.Close())
		ostree(t, "--repo="+path, "config", "set", "core.min-free-space-size", "900000GB")
		r, err := repo.Open(path)
		require.NoError(t, err)
		_, err = Pull(context.Background(), r, options(a.commit, url))
		require.ErrorIs(t, err, repo.ErrNoSpace)
		if sizes {
			require.Zero(t, content.Load(), "known before the first fetch")
		}
		require.NoError(t, r.Close())

		ostree(t, "--repo="+path, "config", "set", "core.min-free-space-size", "1MB")
		r, err = repo.Open(path)
		require.NoError(t, err)
		t.Cleanup(func() { r.Close() })
		requireResumable(t, a, r, path)
	}
}
