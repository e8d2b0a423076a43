package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func discardLog() *log.Logger { return log.New(io.Discard, "", 0) }

// noSleep makes g wait for nothing; want is the number of waits expected.
func noSleep(t *testing.T, g *Gateway, want int, waits ...time.Duration) *Gateway {
	t.Helper()
	var got []time.Duration
	g.sleep = func(_ context.Context, d time.Duration) error { got = append(got, d); return nil }
	t.Cleanup(func() {
		if len(got) != want {
			t.Errorf("waited %v, want %d times", got, want)
		}
		for i, d := range waits {
			if i < len(got) && got[i] != d {
				t.Errorf("waited %v, want %v", got, waits)
			}
		}
	})
	return g
}

// serve answers with h over plain http and counts requests.
func serve(t *testing.T, h http.HandlerFunc) (url string, requests *atomic.Int32) {
	t.Helper()
	requests = new(atomic.Int32)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		h(w, r)
	}))
	t.Cleanup(srv.Close)
	return srv.URL, requests
}

func TestRetries(t *testing.T) {
	tests := map[string]struct {
		answers  []int // status of one answer after the other; 0 cuts the connection
		after    string
		code     int // of the final StatusError; 0: no error
		requests int32
		waits    []time.Duration
	}{
		"fine":                {answers: []int{200}, requests: 1},
		"no content":          {answers: []int{204}, requests: 1},
		"server error passes": {answers: []int{500, 502, 200}, requests: 3, waits: []time.Duration{time.Second, 2 * time.Second}},
		"server error stays":  {answers: []int{503, 503, 503, 200}, requests: 3, code: 503, waits: []time.Duration{time.Second, 2 * time.Second}},
		"cut connection":      {answers: []int{0, 200}, requests: 2, waits: []time.Duration{time.Second}},
		"too many requests":   {answers: []int{429, 200}, after: "7", requests: 2, waits: []time.Duration{7 * time.Second}},
		"patience is bounded": {answers: []int{503, 200}, after: "86400", requests: 2, waits: []time.Duration{30 * time.Second}},
		"overflowing":         {answers: []int{503, 200}, after: "9223372036854775807", requests: 2, waits: []time.Duration{30 * time.Second}},
		"nonsense":            {answers: []int{503, 200}, after: "-5", requests: 2, waits: []time.Duration{time.Second}},
		"not found":           {answers: []int{404, 200}, requests: 1, code: 404},
		"forbidden":           {answers: []int{403, 200}, requests: 1, code: 403},
		"not modified":        {answers: []int{304, 200}, requests: 1, code: 304},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var n atomic.Int32
			url, requests := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				require.Equal(t, "body", string(body), "every try sends the body")
				code := tt.answers[n.Add(1)-1]
				if code == 0 {
					w.Header().Set("Content-Length", "10")
					w.Write([]byte("short"))
					panic(http.ErrAbortHandler)
				}
				if tt.after != "" {
					w.Header().Set("Retry-After", tt.after)
				}
				w.WriteHeader(code)
			})
			g := noSleep(t, New(Options{}), len(tt.waits), tt.waits...)
			err := g.PostJSON(context.Background(), url, []byte("body"), nil)
			require.Equal(t, tt.requests, requests.Load())
			if tt.code == 0 {
				require.NoError(t, err)
				return
			}
			se, ok := errors.AsType[*StatusError](err)
			require.True(t, ok)
			require.Equal(t, tt.code, se.Code)
			require.EqualError(t, err, fmt.Sprintf("POST %s: server answered %d %s", url, tt.code, http.StatusText(tt.code)))
		})
	}
}

func TestLimit(t *testing.T) {
	for name, flush := range map[string]bool{"declared": false, "not declared": true} {
		t.Run(name, func(t *testing.T) {
			url, requests := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if flush {
					w.(http.Flusher).Flush()
				}
				w.Write(bytes.Repeat([]byte("x"), 100))
			})
			g := noSleep(t, New(Options{}), 0)
			body, err := g.Get(context.Background(), url, 100, nil)
			require.NoError(t, err)
			require.Len(t, body, 100)
			_, err = g.Get(context.Background(), url, 99, nil)
			require.ErrorIs(t, err, ErrTooLarge)
			require.Equal(t, int32(2), requests.Load())
		})
	}
}

func TestTimeoutAndCancel(t *testing.T) {
	url, requests := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("begin"))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	g := noSleep(t, New(Options{Timeout: 50 * time.Millisecond}), 2)
	_, err := g.Get(context.Background(), url, 100, nil)
	require.EqualError(t, err, "GET "+url+": no answer within 50ms")
	require.Equal(t, int32(3), requests.Load())

	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err = noSleep(t, New(Options{}), 0).Get(ctx, url, 100, nil)
	require.ErrorIs(t, err, context.DeadlineExceeded)

	busy, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) })
	ctx, cancel = context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err = New(Options{}).Get(ctx, busy, 100, nil)
	require.ErrorIs(t, err, context.DeadlineExceeded, "waiting for the next try ends with the context")
	require.Less(t, time.Since(start), 900*time.Millisecond)
}

func TestServerGone(t *testing.T) {
	srv := httptest.NewServer(nil)
	srv.Close()
	_, err := noSleep(t, New(Options{}), 2).Get(context.Background(), srv.URL+"/1.root.json", 10, nil)
	require.ErrorContains(t, err, "GET "+srv.URL+"/1.root.json: dial tcp")
	require.ErrorContains(t, err, "connection refused")
}

func TestRedirects(t *testing.T) {
	other, reached := serve(t, func(http.ResponseWriter, *http.Request) {})
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/here":
			http.Redirect(w, r, "/there", http.StatusFound)
		case "/there":
			w.Write([]byte("there " + r.Header.Get("X-Ats-Tags")))
		case "/away":
			http.Redirect(w, r, other+"/?token=s3cret", http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		}
	})
	g := noSleep(t, New(Options{}), 0)
	g.SetHeaders(http.Header{"x-ats-tags": {"main"}})
	body, err := g.Get(context.Background(), url+"/here", 100, nil)
	require.NoError(t, err)
	require.Equal(t, "there main", string(body))

	_, err = g.Get(context.Background(), url+"/away", 100, nil)
	require.ErrorIs(t, err, ErrRedirect)
	require.ErrorContains(t, err, other)
	require.NotContains(t, err.Error(), "s3cret")
	require.Zero(t, reached.Load())

	_, err = g.Get(context.Background(), url+"/loop", 100, nil)
	require.ErrorIs(t, err, ErrRedirect)

	_, err = g.HTTPClient().Get(url + "/away")
	require.ErrorIs(t, err, ErrRedirect, "the bare client has the same policy")

	p := newPKI(t)
	tlsServer := p.serve(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, url+"/there", http.StatusFound) })
	_, err = noSleep(t, New(p.device()), 0).Get(context.Background(), tlsServer.URL, 100, nil)
	require.ErrorIs(t, err, ErrRedirect, "never away from TLS")
}

func TestHeaders(t *testing.T) {
	var got http.Header
	url, _ := serve(t, func(_ http.ResponseWriter, r *http.Request) { got = r.Header })
	g := New(Options{UserAgent: "sotabox/1"})
	g.SetHeaders(http.Header{"x-ats-tags": {"main,devel"}, "x-ats-target": {"name\r\nX-Injected: 1"}})
	_, err := g.Get(context.Background(), url, 10, http.Header{"x-ats-tags": {"other"}})
	require.NoError(t, err)
	require.Equal(t, "sotabox/1", got.Get("User-Agent"))
	require.Equal(t, "other", got.Get("X-Ats-Tags"))
	require.Equal(t, "nameX-Injected: 1", got.Get("X-Ats-Target"))
	require.Empty(t, got.Get("X-Injected"))

	require.NoError(t, g.PutJSON(context.Background(), url, map[string]int{"a": 1}, nil))
	require.Equal(t, "application/json", got.Get("Content-Type"))
	require.NoError(t, g.Put(context.Background(), url, "application/toml", []byte("a = 1"), nil))
	require.Equal(t, "application/toml", got.Get("Content-Type"))

	_, err = g.HTTPClient().Get(url)
	require.NoError(t, err)
	require.Empty(t, got.Get("X-Ats-Tags"), "OSTree requests carry none of them")
}

func TestNoSecretsInErrorsAndLogs(t *testing.T) {
	url, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	var logged bytes.Buffer
	g := noSleep(t, New(Options{Log: slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))}), 2)
	secret := strings.Replace(url, "http://", "http://user:s3cret@", 1) + "/p?token=s3cret#s3cret"
	_, err := g.Get(context.Background(), secret, 10, http.Header{"Authorization": {"s3cret"}})
	require.ErrorContains(t, err, url+"/p: ")
	require.NotContains(t, err.Error(), "s3cret")
	require.Contains(t, logged.String(), "trying again")
	require.NotContains(t, logged.String(), "s3cret")

	for _, bad := range []string{"s3cret", "ftp://s3cret", "https://s3cret:x:y/", "", "http://"} {
		_, err = g.Get(context.Background(), bad, 10, nil)
		require.EqualError(t, err, "GET: not an http or https URL")
	}
}

func TestConnectionsAreReused(t *testing.T) {
	addrs := map[string]bool{}
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		addrs[r.RemoteAddr] = true
		if r.URL.Path == "/404" {
			w.WriteHeader(404)
			w.Write(bytes.Repeat([]byte("no"), 500))
		}
	})
	g := New(Options{})
	for _, path := range []string{"/", "/404", "/", "/404", "/"} {
		_, _ = g.Get(context.Background(), url+path, 10, nil)
	}
	require.Len(t, addrs, 1)
}
