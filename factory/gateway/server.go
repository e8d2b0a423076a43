//go:build factory

package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Options say what a Server serves.
type Options struct {
	TUFDir    string // N.root.json, timestamp.json, snapshot.json, targets.json
	OSTreeDir string // an archive repository
	ReportDir string // where events and other reports are appended; "" keeps them in memory only
	Factory   string // name of the factory, as /device tells it
	TLS       *tls.Config
	Log       *slog.Logger
	// OnRequest, if set, is called when a request has been answered.
	OnRequest func(Request)
}

// Server is a gateway that listens.
type Server struct {
	listener net.Listener
	http     *http.Server
	log      *requestLog
	reports  *reports
	faults   *faults
	done     chan error
}

// Start listens on address ("127.0.0.1:0" picks a free port) and serves until
// Close.
func Start(address string, o Options) (*Server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("start gateway: %w", err)
	}
	s := &Server{
		listener: listener,
		log:      &requestLog{notify: o.OnRequest},
		reports:  &reports{dir: o.ReportDir},
		faults:   &faults{},
		done:     make(chan error, 1),
	}
	s.http = &http.Server{
		Handler:           s.log.wrap(s.faults.wrap(requireDevice(s.routes(o)))),
		TLSConfig:         o.TLS,
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
		ReadHeaderTimeout: 10 * time.Second,
	}
	go func() { s.done <- s.http.ServeTLS(listener, "", "") }()
	return s, nil
}

// Address is where the gateway listens, with the port that was picked.
func (s *Server) Address() string { return s.listener.Addr().String() }

// URL is the base of everything the gateway serves.
func (s *Server) URL() string { return "https://" + s.Address() }

// Close ends all connections, also those a fault makes hang.
func (s *Server) Close() error {
	s.faults.release()
	err := s.http.Close()
	if served := <-s.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// Wait blocks until ctx is done, then closes.
func (s *Server) Wait(ctx context.Context) error {
	<-ctx.Done()
	return s.Close()
}

// Requests returns what was asked so far, in the order of completion.
func (s *Server) Requests() []Request { return s.log.all() }

// ForgetRequests empties the list of requests.
func (s *Server) ForgetRequests() { s.log.clear() }

// Events returns the events devices have sent so far.
func (s *Server) Events() []Event { return s.reports.all() }

// Inject makes requests fail from now on; see Fault.
func (s *Server) Inject(f Fault) error { return s.faults.add(f) }

// Heal takes all faults back.
func (s *Server) Heal() { s.faults.release() }
