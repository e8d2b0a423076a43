package pull

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/repo"
)

// breaker breaks off each response for one file after some bytes, and remembers
// what was asked for.
type breaker struct {
	mu     sync.Mutex
	ranges []string
	sent   int64
	// after is how many bytes a response gets to have.
	after int64
	// request may change a request before it is served, response what is served.
	request  func(r *http.Request)
	response func(h http.Header)
}

func (b *breaker) tamper(w http.ResponseWriter, r *http.Request, h http.Handler) {
	b.mu.Lock()
	b.ranges = append(b.ranges, r.Header.Get("Range"))
	b.mu.Unlock()
	if b.request != nil {
		b.request(r)
	}
	h.ServeHTTP(&breaking{ResponseWriter: w, b: b, left: b.after}, r)
}

type breaking struct {
	http.ResponseWriter
	b    *breaker
	left int64
}

func (w *breaking) WriteHeader(code int) {
	if w.b.response != nil {
		w.b.response(w.Header())
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *breaking) Write(p []byte) (int, error) {
	cut := int64(len(p)) > w.left
	if cut {
		p = p[:w.left]
	}
	n, err := w.ResponseWriter.Write(p)
	w.left -= int64(n)
	w.b.mu.Lock()
	w.b.sent += int64(n)
	w.b.mu.Unlock()
	if cut {
		w.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	return n, err
}

// TestPullResumesInsideObjects pulls an object of 6 MiB over a link that never
// gives more than 2.5 MB at once.
func TestPullResumesInsideObjects(t *testing.T) {
	const size, after = 6 << 20, 2500000
	a := newArchive(t, tree{dirs: 1, filesPerDir: 1, big: size}, false)
	target := "/" + largest("filez")(a, t)
	for _, tc := range []struct {
		name string
		b    *breaker
		want error
		// cheap: what came is not sent again.
		cheap bool
	}{
		{"with a validator", &breaker{after: after}, nil, true},
		{"with an entity tag", &breaker{after: after, response: func(h http.Header) {
			h.Set("ETag", `"v1"`)
			h.Del("Last-Modified")
		}, request: func(r *http.Request) {
			if v := r.Header.Get("If-Range"); v != "" && v != `"v1"` {
				panic("If-Range " + v)
			}
			r.Header.Del("If-Range")
		}}, nil, true},
		{"without a validator", &breaker{after: after, response: func(h http.Header) { h.Del("Last-Modified") }}, nil, true},
		{"server without ranges", &breaker{after: after, request: func(r *http.Request) { r.Header.Del("Range") }}, ErrFetch, false},
		{"server with other ranges", &breaker{after: after, request: func(r *http.Request) {
			if r.Header.Get("Range") != "" {
				r.Header.Set("Range", "bytes=17-")
			}
		}}, ErrFetch, false},
		{"server with ranges that lie", &breaker{after: after, request: func(r *http.Request) {
			if first, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok {
				n, _ := strconv.ParseInt(strings.TrimSuffix(first, "-"), 10, 64)
				r.Header.Set("Range", fmt.Sprintf("bytes=%d-", n-1000))
			}
		}, response: func(h http.Header) {
			var first, last, total int64
			if n, _ := fmt.Sscanf(h.Get("Content-Range"), "bytes %d-%d/%d", &first, &last, &total); n == 3 {
				h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first+1000, last, total))
			}
		}}, repo.ErrCorrupt, false},
		{"too little at once", &breaker{after: resumeFrom / 2}, ErrFetch, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, path := newRepo(t, repo.BareUser)
			url := serve(t, a.path, func(h http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path == target {
						tc.b.tamper(w, r, h)
						return
					}
					h.ServeHTTP(w, r)
				})
			}).URL
			_, err := Pull(context.Background(), r, options(a.commit, url))
			if tc.want != nil {
				require.ErrorIs(t, err, tc.want)
				requireResumable(t, a, r, path)
				return
			}
			require.NoError(t, err)
			requireSame(t, a, path)
			if tc.cheap {
				require.Len(t, tc.b.ranges, 3)
				require.Equal(t, "bytes=2500000-", tc.b.ranges[1])
				require.Less(t, tc.b.sent, int64(size+size/10))
			}
		})
	}
}

// TestPullSkipsWhatItHas gets a whole file in answer to a range, and goes on.
func TestPullSkipsWhatItHas(t *testing.T) {
	a := newArchive(t, tree{dirs: 1, filesPerDir: 1, big: 3 << 20}, false)
	target := "/" + largest("filez")(a, t)
	b := breaker{after: 2 << 20, request: func(r *http.Request) { r.Header.Del("Range") }}
	r, path := newRepo(t, repo.BareUser)
	url := serve(t, a.path, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == target && len(b.ranges) == 0 {
				b.tamper(w, r, h)
				return
			}
			if r.URL.Path == target {
				b.ranges = append(b.ranges, r.Header.Get("Range"))
				r.Header.Del("Range")
			}
			h.ServeHTTP(w, r)
		})
	}).URL
	_, err := Pull(context.Background(), r, options(a.commit, url))
	require.NoError(t, err)
	require.Equal(t, []string{"", "bytes=2097152-"}, b.ranges)
	requireSame(t, a, path)
}

// TestPullResumesAStalledObject has a server that stalls late in an object.
func TestPullResumesAStalledObject(t *testing.T) {
	a := newArchive(t, tree{dirs: 1, filesPerDir: 1, big: 3 << 20}, false)
	var ranges []string
	stall := fault{largest("filez"), 1, func(w http.ResponseWriter, r *http.Request, good []byte) {
		w.Header().Set("Content-Length", fmt.Sprint(len(good)))
		w.Write(good[:2<<20])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}}
	target := "/" + largest("filez")(a, t)
	r, path := newRepo(t, repo.BareUser)
	o := options(a.commit, serve(t, a.path, func(h http.Handler) http.Handler {
		stalling := stall.handler(t, a)(h)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == target {
				ranges = append(ranges, r.Header.Get("Range"))
			}
			stalling.ServeHTTP(w, r)
		})
	}).URL)
	o.IdleTimeout = 300 * time.Millisecond
	_, err := Pull(context.Background(), r, o)
	require.NoError(t, err)
	require.Equal(t, []string{"", "bytes=2097152-"}, ranges)
	requireSame(t, a, path)
}
