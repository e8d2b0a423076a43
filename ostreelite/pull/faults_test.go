package pull

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
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

// fault tampers with requests for one file. times is how often; 0 is for ever.
type fault struct {
	file  func(a archive, t *testing.T) string
	times int
	do    func(w http.ResponseWriter, r *http.Request, good []byte)
}

func (f fault) handler(t *testing.T, a archive) func(http.Handler) http.Handler {
	target := f.file(a, t)
	good, err := os.ReadFile(filepath.Join(a.path, target))
	require.NoError(t, err)
	var mu sync.Mutex
	seen := 0
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			hit := strings.TrimPrefix(path.Clean(r.URL.Path), "/") == target && (f.times == 0 || seen < f.times)
			if hit {
				seen++
			}
			mu.Unlock()
			if hit {
				f.do(w, r, good)
				return
			}
			h.ServeHTTP(w, r)
		})
	}
}

// object files of the archive to tamper with: the largest of their kind.
func largest(ext string) func(archive, *testing.T) string {
	return func(a archive, t *testing.T) string {
		var best string
		var size int64 = -1
		for _, f := range a.has(t, "*."+ext) {
			info, err := os.Stat(f)
			require.NoError(t, err)
			if info.Size() > size {
				best, size = f, info.Size()
			}
		}
		rel, err := filepath.Rel(a.path, best)
		require.NoError(t, err)
		return rel
	}
}

func theCommit(a archive, _ *testing.T) string {
	return objectPath(object.Name{Type: object.TypeCommit, Checksum: a.commit})
}

func theConfig(archive, *testing.T) string { return "config" }

func status(code int) func(http.ResponseWriter, *http.Request, []byte) {
	return func(w http.ResponseWriter, _ *http.Request, _ []byte) { w.WriteHeader(code) }
}

func sends(change func(good []byte) []byte) func(http.ResponseWriter, *http.Request, []byte) {
	return func(w http.ResponseWriter, _ *http.Request, good []byte) {
		w.Write(change(append([]byte(nil), good...)))
	}
}

func flip(b []byte) []byte     { b[len(b)/2] ^= 0x40; return b }
func truncate(b []byte) []byte { return b[:len(b)/2] }
func trailing(b []byte) []byte { return append(b, "garbage"...) }

// cut closes the connection in the middle of a body.
func cut(w http.ResponseWriter, _ *http.Request, good []byte) {
	w.Header().Set("Content-Length", fmt.Sprint(len(good)))
	w.Write(good[:len(good)/2])
	panic(http.ErrAbortHandler)
}

// hang sends half of a body and then nothing.
func hang(w http.ResponseWriter, r *http.Request, good []byte) {
	w.Header().Set("Content-Length", fmt.Sprint(len(good)))
	w.Write(good[:len(good)/2])
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

// silence accepts a request and never answers.
func silence(_ http.ResponseWriter, r *http.Request, _ []byte) { <-r.Context().Done() }

// bomb is a content object that inflates to far more than its header declares.
func bomb() []byte {
	h := object.FileHeader{Mode: object.ModeRegular | 0o644}
	return append(h.MarshalArchive(100), deflate(make([]byte, 32<<20))...)
}

// emptyBlocks sends compressed blocks without data for ever (RFC 1951, 3.2.4).
func emptyBlocks(w http.ResponseWriter, _ *http.Request, _ []byte) {
	h := object.FileHeader{Mode: object.ModeRegular | 0o644}
	w.Write(h.MarshalArchive(100))
	blocks := bytes.Repeat([]byte{0, 0, 0, 0xff, 0xff}, 1<<14)
	for {
		if _, err := w.Write(blocks); err != nil {
			return
		}
	}
}

// hugeHeader declares a header of almost 4 GiB.
func hugeHeader(w http.ResponseWriter, _ *http.Request, _ []byte) {
	w.Write([]byte{0xff, 0xff, 0xff, 0xf0, 0, 0, 0, 0})
}

// endless sends more metadata than any metadata object may have.
func endless(w http.ResponseWriter, _ *http.Request, _ []byte) {
	chunk := make([]byte, 1<<20)
	for range object.MaxMetadataSize>>20 + 2 {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

func TestPullFaults(t *testing.T) {
	a := newArchive(t, tree{dirs: 4, filesPerDir: 5, big: 200000}, false)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("followed to another host, with headers %v", r.Header)
		http.FileServer(http.Dir(a.path)).ServeHTTP(w, r)
	}))
	defer elsewhere.Close()
	away := func(w http.ResponseWriter, r *http.Request, _ []byte) {
		http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusFound)
	}
	within := func(w http.ResponseWriter, r *http.Request, _ []byte) {
		http.Redirect(w, r, "/."+r.URL.Path+"?again", http.StatusFound)
	}
	loop := func(w http.ResponseWriter, r *http.Request, _ []byte) {
		http.Redirect(w, r, r.URL.Path, http.StatusFound)
	}
	bombed := bomb()
	filez, dirtree, dirmeta := largest("filez"), largest("dirtree"), largest("dirmeta")

	for _, tc := range []struct {
		name string
		fault
		want error // nil: the pull gets over it
	}{
		{"500 then well", fault{filez, maxTries - 1, status(500)}, nil},
		{"429 then well", fault{dirtree, 1, status(429)}, nil},
		{"cut then well", fault{filez, 2, cut}, nil},
		{"hang then well", fault{filez, 1, hang}, nil},
		{"silence then well", fault{theCommit, 1, silence}, nil},
		{"flipped then well", fault{filez, maxCorrupt - 1, sends(flip)}, nil},
		{"truncated then well", fault{dirtree, 1, sends(truncate)}, nil},
		{"redirect within the host", fault{filez, 1, within}, nil},

		{"500 for ever", fault{filez, 0, status(500)}, ErrFetch},
		{"cut for ever", fault{filez, 0, cut}, ErrFetch},
		{"hang for ever", fault{dirtree, 0, hang}, ErrFetch},
		{"content forbidden", fault{filez, 0, status(403)}, ErrFetch},
		{"content gone", fault{filez, 0, status(404)}, ErrNotFound},
		{"dirmeta gone", fault{dirmeta, 0, status(404)}, ErrNotFound},
		{"no commit", fault{theCommit, 0, status(404)}, ErrNotFound},
		{"nothing there", fault{filez, 0, status(204)}, ErrFetch},
		{"content flipped", fault{filez, 0, sends(flip)}, repo.ErrCorrupt},
		{"content truncated", fault{filez, 0, sends(truncate)}, repo.ErrCorrupt},
		{"content with garbage behind", fault{filez, 0, sends(trailing)}, repo.ErrCorrupt},
		{"content empty", fault{filez, 0, status(200)}, repo.ErrCorrupt},
		{"bomb", fault{filez, 0, sends(func([]byte) []byte { return bombed })}, repo.ErrCorrupt},
		{"empty blocks for ever", fault{filez, 0, emptyBlocks}, repo.ErrCorrupt},
		{"huge header", fault{filez, 0, hugeHeader}, repo.ErrCorrupt},
		{"dirtree flipped", fault{dirtree, 0, sends(flip)}, repo.ErrCorrupt},
		{"dirtree endless", fault{dirtree, 0, endless}, repo.ErrCorrupt},
		{"dirmeta truncated", fault{dirmeta, 0, sends(truncate)}, repo.ErrCorrupt},
		{"commit flipped", fault{theCommit, 0, sends(flip)}, repo.ErrCorrupt},
		{"redirect away", fault{filez, 0, away}, ErrFetch},
		{"redirect loop", fault{filez, 0, loop}, ErrFetch},
		{"config is a web page", fault{theConfig, 0, sends(func([]byte) []byte { return []byte("<html>") })}, ErrFetch},
		{"config of a bare repository", fault{theConfig, 0, sends(func([]byte) []byte {
			return []byte("[core]\nrepo_version=1\nmode=bare\n")
		})}, ErrFetch},
		{"config missing", fault{theConfig, 0, status(404)}, ErrFetch},
		{"config endless", fault{theConfig, 0, endless}, ErrFetch},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, dest := newRepo(t, repo.BareUser)
			s := serve(t, a.path, tc.handler(t, a))
			o := options(a.commit, s.URL)
			if strings.Contains(tc.name, "hang") || strings.Contains(tc.name, "silence") {
				o.IdleTimeout = 300 * time.Millisecond
			}
			_, err := Pull(context.Background(), r, o)
			if tc.want == nil {
				require.NoError(t, err)
				requireSame(t, a, dest)
				return
			}
			require.ErrorIs(t, err, tc.want)
			require.ErrorContains(t, err, strings.TrimSuffix(tc.file(a, t), path.Ext(tc.file(a, t))), "names the object")
			require.NotContains(t, err.Error(), "\n")
			requireResumable(t, a, r, dest)
		})
	}
}

// TestPullFallsBack goes from a remote that fails midway to the next, without
// fetching again what is there.
func TestPullFallsBack(t *testing.T) {
	a := newArchive(t, tree{dirs: 5, filesPerDir: 10}, false)
	dead := httptest.NewServer(nil)
	dead.Close()
	denied := serve(t, a.path, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) })
	})
	var mu sync.Mutex
	fetched := map[string]int{}
	count := func(limit int) func(http.Handler) http.Handler {
		served := 0
		return func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				served++
				over := limit > 0 && served > limit
				if !over {
					fetched[r.URL.Path]++
				}
				mu.Unlock()
				if over {
					w.WriteHeader(403)
					return
				}
				h.ServeHTTP(w, r)
			})
		}
	}
	halfway, good := serve(t, a.path, count(40)), serve(t, a.path, count(0))
	r, dest := newRepo(t, repo.BareUser)
	_, err := Pull(context.Background(), r, options(a.commit, dead.URL, denied.URL, halfway.URL, good.URL))
	require.NoError(t, err)
	requireSame(t, a, dest)
	twice := 0
	for file, n := range fetched {
		if n > 1 && file != "/config" {
			twice++
		}
	}
	require.LessOrEqual(t, twice, leastWorkers, "only what was in flight is fetched again")

	r, _ = newRepo(t, repo.BareUser)
	_, err = Pull(context.Background(), r, options(a.commit, dead.URL, denied.URL))
	require.ErrorIs(t, err, ErrFetch)
	require.ErrorContains(t, err, "403")
	require.NotContains(t, err.Error(), "\n")
}

// TestPullSlowIsNotStalled takes longer in all than the idle timeout.
func TestPullSlowIsNotStalled(t *testing.T) {
	a := newArchive(t, tree{dirs: 1, filesPerDir: 1, big: 5000}, false)
	var times atomic.Int64
	slow := fault{largest("filez"), 0, func(w http.ResponseWriter, _ *http.Request, good []byte) {
		times.Add(1)
		for chunk := range 10 {
			w.Write(good[chunk*len(good)/10 : (chunk+1)*len(good)/10])
			w.(http.Flusher).Flush()
			time.Sleep(150 * time.Millisecond)
		}
	}}
	r, dest := newRepo(t, repo.BareUser)
	o := options(a.commit, serve(t, a.path, slow.handler(t, a)).URL)
	o.IdleTimeout = time.Second
	_, err := Pull(context.Background(), r, o)
	require.NoError(t, err)
	require.EqualValues(t, 1, times.Load())
	requireSame(t, a, dest)
}
