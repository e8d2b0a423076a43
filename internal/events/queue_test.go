package events

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/internal/gateway"
)

func open(t *testing.T, path string) *Queue {
	t.Helper()
	q, err := Open(path, nil)
	require.NoError(t, err)
	t.Cleanup(func() { q.Close() })
	return q
}

func add(t *testing.T, q *Queue, versions ...int) {
	t.Helper()
	for _, v := range versions {
		require.NoError(t, q.Add(maker().InstallationStarted(Subject{Version: fmt.Sprint(v)})))
	}
}

// server is a Poster that records the versions of the events it took.
type server struct {
	mu    sync.Mutex
	took  []string
	sizes []int // events per request
	fail  func(request int) error
}

func (s *server) PostJSON(_ context.Context, url string, v any, _ http.Header) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if url != "https://gw/events" {
		return errors.New("wrong URL")
	}
	body := v.([]byte)
	if len(body) >= 100_000 {
		return &gateway.StatusError{Code: http.StatusRequestEntityTooLarge}
	}
	var events []Event
	if err := json.Unmarshal(body, &events); err != nil {
		return err
	}
	if len(events) == 0 {
		return errors.New("empty request")
	}
	if s.fail != nil {
		if err := s.fail(len(s.sizes)); err != nil {
			return err
		}
	}
	s.sizes = append(s.sizes, len(events))
	for _, e := range events {
		s.took = append(s.took, e.Event.Version)
	}
	return nil
}

func flush(q *Queue, s *server) error { return q.Flush(context.Background(), s, "https://gw/events") }

func requireLen(t *testing.T, q *Queue, want int) {
	t.Helper()
	n, err := q.Len()
	require.NoError(t, err)
	require.Equal(t, want, n)
}

func TestOrderOverRestarts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "events")
	s := new(server)
	add(t, open(t, path), 1, 2)
	add(t, open(t, path), 3)
	q := open(t, path)
	add(t, q, 4)
	require.NoError(t, flush(q, s))
	require.Equal(t, []string{"1", "2", "3", "4"}, s.took)
	require.Equal(t, []int{4}, s.sizes)
	requireLen(t, q, 0)
	require.NoError(t, flush(q, s))
	require.Len(t, s.sizes, 1, "nothing to send, no request")
	add(t, open(t, path), 5)
	require.NoError(t, flush(open(t, path), s))
	require.Equal(t, []string{"1", "2", "3", "4", "5"}, s.took)
}

func TestFailuresKeepEvents(t *testing.T) {
	for name, err := range map[string]error{
		"offline":      errors.New("no route to host"),
		"server error": &gateway.StatusError{Code: 503},
		"forbidden":    fmt.Errorf("POST: %w", &gateway.StatusError{Code: 403}),
	} {
		t.Run(name, func(t *testing.T) {
			q := open(t, t.TempDir())
			add(t, q, 1, 2)
			require.ErrorIs(t, flush(q, &server{fail: func(int) error { return err }}), err)
			requireLen(t, q, 2)
			s := new(server)
			require.NoError(t, flush(q, s))
			require.Equal(t, []string{"1", "2"}, s.took)
		})
	}
}

func TestServerWithoutEvents(t *testing.T) {
	q := open(t, t.TempDir())
	for v := range 250 {
		add(t, q, v)
	}
	gone := fmt.Errorf("POST: %w", &gateway.StatusError{Code: 404})
	require.NoError(t, flush(q, &server{fail: func(int) error { return gone }}))
	requireLen(t, q, 0)
}

// TestThroughGateway posts with the client that devices post with.
func TestThroughGateway(t *testing.T) {
	var got []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, r.Method+" "+r.Header.Get("Content-Type")+" "+string(body))
		if len(got) > 1 {
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer srv.Close()
	g := gateway.New(gateway.Options{})
	q := open(t, t.TempDir())
	e := maker().InstallationStarted(Subject{Version: "1"})
	want, err := json.Marshal([]Event{e})
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, q.Add(e))
		require.NoError(t, q.Flush(context.Background(), g, srv.URL))
		requireLen(t, q, 0)
	}
	require.Equal(t, []string{"POST application/json " + string(want), "POST application/json " + string(want)}, got)
}

func TestLongQueueGoesInParts(t *testing.T) {
	q := open(t, t.TempDir())
	var want []string
	for v := range 250 {
		want = append(want, fmt.Sprint(v))
		require.NoError(t, q.Add(maker().DownloadCompleted(Subject{Version: fmt.Sprint(v)}, false, strings.Repeat("\x01", 2048))))
	}
	s := &server{fail: func(request int) error {
		if request == 3 {
			return errors.New("cut")
		}
		return nil
	}}
	require.ErrorContains(t, flush(q, s), "cut")
	require.Len(t, s.sizes, 3)
	requireLen(t, q, 250-len(s.took))
	s.fail = nil
	require.NoError(t, flush(q, s))
	require.Equal(t, want, s.took, "in order, none twice, none lost")

	s = new(server)
	for v := range 150 {
		add(t, q, v)
	}
	require.NoError(t, flush(q, s))
	require.Equal(t, []int{100, 50}, s.sizes)
}

func TestBoundedQueue(t *testing.T) {
	dir := t.TempDir()
	q := open(t, dir)
	add(t, q, 1)
	// As if 1100 had piled up under an earlier bound.
	data, err := os.ReadFile(filepath.Join(dir, fileName(1)))
	require.NoError(t, err)
	for n := uint64(2); n <= 1100; n++ {
		require.NoError(t, os.WriteFile(filepath.Join(dir, fileName(n)), data, 0o600))
	}
	q = open(t, dir)
	add(t, q, 7)
	requireLen(t, q, 1000)
	s := new(server)
	require.NoError(t, flush(q, s))
	require.Equal(t, "7", s.took[len(s.took)-1])

	err = q.Add(maker().InstallationStarted(Subject{TargetName: strings.Repeat("n", 70<<10)}))
	require.ErrorContains(t, err, "at most 65536")
	requireLen(t, q, 0)
}

func TestDamagedAndForeignFiles(t *testing.T) {
	dir := t.TempDir()
	q := open(t, dir)
	add(t, q, 1, 2, 3, 4)
	require.NoError(t, os.WriteFile(filepath.Join(dir, fileName(2)), []byte(`{"id":`), 0o600))
	require.NoError(t, os.Truncate(filepath.Join(dir, fileName(3)), 0))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "3.json"), []byte(`{}`), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".sotabox-X.tmp"), nil, 0o600))
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte(`{"event":{"version":"secret"}}`), 0o600))
	require.NoError(t, os.Symlink(secret, filepath.Join(dir, fileName(5))))
	q = open(t, dir)
	s := new(server)
	require.NoError(t, flush(q, s))
	require.Equal(t, []string{"1", "4"}, s.took)
	left, err := filepath.Glob(dir + "/*")
	require.NoError(t, err)
	require.Equal(t, []string{dir + "/3.json"}, left)
	_, err = os.Lstat(dir + "/.sotabox-X.tmp")
	require.ErrorIs(t, err, os.ErrNotExist)

	// Only damaged ones: removed without a request.
	require.NoError(t, os.WriteFile(filepath.Join(dir, fileName(9)), []byte("x"), 0o600))
	require.NoError(t, flush(open(t, dir), &server{fail: func(int) error { return errors.New("unexpected") }}))
}

func TestConcurrentUse(t *testing.T) {
	q := open(t, t.TempDir())
	s := new(server)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 25 {
				if err := q.Add(maker().InstallationStarted(Subject{Version: "v"})); err != nil {
					t.Error(err)
				}
				if err := flush(q, s); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	require.Len(t, s.took, 100)
}

func TestOpenErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := Open(file, nil)
	require.ErrorContains(t, err, "open event queue: ")
	require.ErrorContains(t, err, file)
}
