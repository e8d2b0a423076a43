//go:build factory

package gateway

import (
	"errors"
	"fmt"
	"net/http"
	"path"
	"sync"
	"time"
)

// Fault makes matching requests go wrong. Exactly one of the second group is
// set.
type Fault struct {
	Path  string // a path.Match pattern over the URL path, e.g. /ostree/objects/*/*.filez
	Skip  int    // this many matching requests go well first
	Count int    // this many go wrong, then all go well again; 0 = all

	Status   int           // answer with this status instead
	Truncate bool          // promise the whole body, send half, close
	Corrupt  bool          // flip bits in the middle of the body
	Swap     bool          // answer all with the body of the first
	Hang     bool          // accept the request and never answer
	Cut      bool          // close the connection without an answer
	Delay    time.Duration // answer late

	first chan []byte // holds the body of the first, for Swap
}

type faults struct {
	mu       sync.Mutex
	active   []*Fault
	released chan struct{} // closed when hanging requests shall end
}

func (f *faults) add(fault Fault) error {
	if _, err := path.Match(fault.Path, ""); err != nil {
		return fmt.Errorf("inject fault: pattern %q: %w", fault.Path, err)
	}
	if fault.Status == 0 && !fault.Truncate && !fault.Corrupt && !fault.Swap && !fault.Hang && !fault.Cut && fault.Delay == 0 {
		return errors.New("inject fault: nothing is to go wrong")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.released == nil {
		f.released = make(chan struct{})
	}
	fault.first = make(chan []byte, 1)
	f.active = append(f.active, &fault)
	return nil
}

func (f *faults) release() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.released != nil {
		close(f.released)
		f.released = nil
	}
	f.active = nil
}

// match returns what shall go wrong with a request, and counts it.
func (f *faults) match(urlPath string) (Fault, <-chan struct{}, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, fault := range f.active {
		if ok, _ := path.Match(fault.Path, urlPath); !ok {
			continue
		}
		if fault.Skip > 0 {
			fault.Skip--
			continue
		}
		if fault.Count == 1 {
			f.active = append(f.active[:i:i], f.active[i+1:]...)
		}
		fault.Count--
		return *fault, f.released, true
	}
	return Fault{}, nil, false
}

func (f *faults) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fault, released, ok := f.match(r.URL.Path)
		switch {
		case !ok:
			next.ServeHTTP(w, r)
		case fault.Status != 0:
			http.Error(w, "injected fault", fault.Status)
		case fault.Cut:
			panic(http.ErrAbortHandler)
		case fault.Hang:
			select {
			case <-released:
			case <-r.Context().Done():
			}
			panic(http.ErrAbortHandler)
		case fault.Delay != 0:
			time.Sleep(fault.Delay)
			next.ServeHTTP(w, r)
		default:
			spoil(w, r, next, fault)
		}
	})
}

// spoil serves a whole answer into memory and sends it on damaged.
func spoil(w http.ResponseWriter, r *http.Request, next http.Handler, fault Fault) {
	r.Header.Del("Range")
	answer := &bufferedAnswer{header: w.Header(), status: http.StatusOK}
	next.ServeHTTP(answer, r)
	if fault.Swap {
		select {
		case fault.first <- answer.body:
		default:
			answer.body = <-fault.first
			fault.first <- answer.body
		}
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(answer.body)))
	w.WriteHeader(answer.status)
	if fault.Truncate {
		w.Write(answer.body[:len(answer.body)/2])
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	if fault.Corrupt && len(answer.body) > 0 {
		answer.body[len(answer.body)/2] ^= 0x55
	}
	w.Write(answer.body)
}

type bufferedAnswer struct {
	header http.Header
	status int
	body   []byte
}

func (b *bufferedAnswer) Header() http.Header    { return b.header }
func (b *bufferedAnswer) WriteHeader(status int) { b.status = status }
func (b *bufferedAnswer) Write(p []byte) (int, error) {
	b.body = append(b.body, p...)
	return len(p), nil
}
