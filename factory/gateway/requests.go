//go:build factory

package gateway

import (
	"net/http"
	"slices"
	"sync"
)

// Request is one answered request.
type Request struct {
	Method string
	Path   string
	Status int // 0 if the connection was cut before an answer
	Header http.Header
	Device string // common name of the certificate; "" without one
}

type requestLog struct {
	notify func(Request)
	mu     sync.Mutex
	list   []Request
}

func (l *requestLog) all() []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.list)
}

func (l *requestLog) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = nil
}

func (l *requestLog) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorder := &statusRecorder{ResponseWriter: w}
		defer func() { l.record(r, recorder.status) }()
		next.ServeHTTP(recorder, r)
		if recorder.status == 0 {
			recorder.status = http.StatusOK
		}
	})
}

func (l *requestLog) record(r *http.Request, status int) {
	request := Request{Method: r.Method, Path: r.URL.Path, Status: status, Header: r.Header.Clone()}
	if len(r.TLS.PeerCertificates) > 0 {
		request.Device = r.TLS.PeerCertificates[0].Subject.CommonName
	}
	l.mu.Lock()
	l.list = append(l.list, request)
	l.mu.Unlock()
	if l.notify != nil {
		l.notify(request)
	}
}

type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (s *statusRecorder) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

func (s *statusRecorder) Write(p []byte) (int, error) {
	if s.status == 0 {
		s.status = http.StatusOK
	}
	return s.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (s *statusRecorder) Unwrap() http.ResponseWriter { return s.ResponseWriter }
