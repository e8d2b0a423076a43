package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// DefaultTimeout bounds one try of a request, its answer included.
const DefaultTimeout = 60 * time.Second

// Options are the parameters of New.
type Options struct {
	// CAFile holds the PEM certificates that may have signed the server's; the
	// system's own are not trusted. CertFile and KeyFile are the device's
	// certificate and private key, PEM.
	CAFile, CertFile, KeyFile string
	// UserAgent is sent with every request.
	UserAgent string
	// Timeout bounds one try; 0 means DefaultTimeout.
	Timeout time.Duration
	// Log takes retries (warn) and requests (debug); nil: nothing is logged.
	Log *slog.Logger
}

// Gateway is safe for concurrent use.
type Gateway struct {
	client    *http.Client
	userAgent string
	timeout   time.Duration
	log       *slog.Logger
	sleep     func(context.Context, time.Duration) error

	identity    Identity
	identityErr error

	mu     sync.Mutex
	header http.Header
}

// New prepares a client; it connects to nothing. It does not fail: a device
// whose identity is missing or broken can still take an offline bundle and tell
// its status. IdentityError says what is wrong, and so does every https request.
func New(o Options) *Gateway {
	g := &Gateway{
		userAgent: o.UserAgent,
		timeout:   cmp.Or(o.Timeout, DefaultTimeout),
		log:       o.Log,
		sleep:     sleep,
	}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	creds, err := loadCredentials(o.CAFile, o.CertFile, o.KeyFile)
	g.identity, g.identityErr = creds.identity, err

	// HTTP/1 only: HTTP/2 costs 300-470 KB of binary (spec/size.md).
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	dialer := &net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}
	g.client = &http.Client{
		CheckRedirect: sameHost,
		Transport: &transport{
			err: err,
			next: &http.Transport{
				Proxy:                 http.ProxyFromEnvironment,
				DialContext:           dialer.DialContext,
				TLSClientConfig:       creds.tls(),
				TLSHandshakeTimeout:   30 * time.Second,
				ResponseHeaderTimeout: 60 * time.Second,
				IdleConnTimeout:       90 * time.Second,
				// No less than a pull has requests in flight.
				MaxIdleConnsPerHost:    64,
				MaxResponseHeaderBytes: 64 << 10,
				// What is hashed and counted are the bytes as they are served.
				DisableCompression: true,
				Protocols:          &protocols,
			},
		},
	}
	return g
}

// HTTPClient is the bare client: mTLS, redirects within a host only, no overall
// timeout, no retries and none of the headers of SetHeaders.
func (g *Gateway) HTTPClient() *http.Client { return g.client }

// Identity is what the device's certificate says; ok is false without a usable
// one.
func (g *Gateway) Identity() (id Identity, ok bool) { return g.identity, g.identityErr == nil }

// IdentityError is nil, or ErrIdentity with the file and what is wrong with it.
func (g *Gateway) IdentityError() error { return g.identityErr }

// SetHeaders replaces the headers that are added to every request of Do, such as
// x-ats-tags. Values come from metadata and files; what may not stand in a header
// is left out of them.
func (g *Gateway) SetHeaders(h http.Header) {
	clean := make(http.Header, len(h))
	for key, values := range h {
		for _, v := range values {
			clean.Add(key, strings.Map(headerRune, v))
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.header = clean
}

func headerRune(r rune) rune {
	if r < ' ' || r == 0x7f {
		return -1
	}
	return r
}

// transport refuses https without an identity, so that it fails with a reason
// and not with whatever alert the server sends. Plain http needs none.
type transport struct {
	err  error
	next *http.Transport
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.err != nil && r.URL.Scheme != "http" {
		if r.Body != nil {
			r.Body.Close()
		}
		return nil, t.err
	}
	return t.next.RoundTrip(r)
}

// CloseIdleConnections lets http.Client.CloseIdleConnections reach the pool.
func (t *transport) CloseIdleConnections() { t.next.CloseIdleConnections() }

const maxRedirects = 5

// sameHost is the redirect policy: a gateway may move a resource, but neither to
// another host, which would be shown the device's certificate and headers, nor
// away from TLS.
func sameHost(r *http.Request, via []*http.Request) error {
	from := via[len(via)-1].URL
	switch {
	case len(via) > maxRedirects:
		return fmt.Errorf("%w: more than %d redirects", ErrRedirect, maxRedirects)
	case r.URL.Scheme != from.Scheme || r.URL.Host != from.Host:
		return fmt.Errorf("%w: to %s://%s", ErrRedirect, r.URL.Scheme, r.URL.Host)
	}
	return nil
}

// display is a URL fit for messages: tokens live in queries and user infos.
func display(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// Error classes, matched with errors.Is. See also StatusError.
var (
	// ErrIdentity: the device's certificate, its key or the CA is missing or
	// unusable.
	ErrIdentity = errors.New("no usable device identity")
	// ErrTooLarge: the answer is longer than the caller allows.
	ErrTooLarge = errors.New("answer is too large")
	// ErrRedirect: the server redirects to where a device does not go.
	ErrRedirect = errors.New("redirect refused")
)
