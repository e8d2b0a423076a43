package pull

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// errIdle is the cause of a request that was given up because nothing came.
var errIdle = errors.New("server sent nothing for too long")

// errRedirect refuses to follow a server elsewhere: headers and client
// certificates are meant for the host that the caller named.
var errRedirect = errors.New("redirect to another host")

// maxErrorText is how much of the text behind an error status is read, in bytes.
const maxErrorText = 4 << 10

// maxRedirects bounds a chain of redirects within one host.
const maxRedirects = 5

// checkRedirect follows redirects within one host, never from https to http.
func checkRedirect(req *http.Request, via []*http.Request) error {
	first := via[0].URL
	sameHost := req.URL.Host == first.Host
	sameScheme := req.URL.Scheme == first.Scheme || req.URL.Scheme == "https"
	if !sameHost || !sameScheme {
		return fmt.Errorf("%w refused: %s", errRedirect, req.URL.Host)
	}
	if len(via) >= maxRedirects {
		return fmt.Errorf("%w refused: chain is too long", errRedirect)
	}
	return nil
}

// maxHeaders is the most headers a response may have, in bytes: each of the workers
// may have to hold that. (The transport's own limit is 10 MiB.)
const maxHeaders = 64 << 10

// ownClient is c with what a pull needs changed: enough kept connections for the
// workers, redirects within the host only, and no limit on the whole time of a
// request, since objects may be large and links slow; the idle time limits it.
// The second result closes the connections.
func ownClient(c *http.Client, workers int) (*http.Client, func()) {
	own := http.Client{}
	if c != nil {
		own = *c
	}
	own.Timeout = 0
	own.CheckRedirect = checkRedirect
	if own.Transport == nil {
		own.Transport = http.DefaultTransport
	}
	t, ok := own.Transport.(*http.Transport)
	if !ok {
		return &own, own.CloseIdleConnections
	}
	t = t.Clone()
	t.MaxIdleConns = 0
	t.MaxIdleConnsPerHost = workers
	t.MaxConnsPerHost = workers
	t.MaxResponseHeaderBytes = maxHeaders
	own.Transport = t
	return &own, t.CloseIdleConnections
}

// maxErrorBody is how much of an answer that says no is read, in bytes.
const maxErrorBody = 4 << 10

// once makes one attempt to GET u and gives the body to use.
// Its error has the classes that decide what follows.
func (h *httpSource) once(ctx context.Context, u *url.URL, use func(*body) error) error {
	b := &body{h: h, ctx: ctx, url: u}
	defer b.close()
	if err := b.request(nil); err != nil {
		return err
	}
	if err := classifyStatus(b.resp); err != nil {
		// A connection is only used again after all of the response was read.
		_, _ = io.CopyN(io.Discard, b, maxErrorBody)
		return err
	}
	b.validator = validator(b.resp)
	err := use(b)
	if b.broken != nil {
		return b.broken
	}
	return err
}

// classifyTransport sorts an error of the transport. Most may pass; a server that
// cannot be trusted, or does not trust us, will not change its mind.
func classifyTransport(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		if cause != errIdle {
			return cause
		}
		return classify(errIdle, ErrFetch, errTransient)
	}
	// The text of an url.Error repeats the URL, which may carry secrets.
	var inURL *url.Error
	if errors.As(err, &inURL) {
		err = inURL.Err
	}
	var badCert *tls.CertificateVerificationError
	var alert *net.OpError // crypto/tls has no type for an alert of the other side
	if errors.Is(err, errRedirect) || errors.As(err, &badCert) || errors.As(err, &alert) && alert.Op == "remote error" {
		return classify(err, ErrFetch)
	}
	if err == io.ErrUnexpectedEOF {
		err = errors.New("connection closed in the middle of the response")
	}
	return classify(err, ErrFetch, errTransient)
}

// statusError is an HTTP status other than 200, with how long the server asks to
// wait before the next request, if it does.
type statusError struct {
	code  int
	after time.Duration
}

func (s *statusError) Error() string {
	return fmt.Sprintf("server answered %d %s", s.code, http.StatusText(s.code))
}

func classifyStatus(resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	err := &statusError{code: resp.StatusCode}
	switch {
	case err.code == http.StatusNotFound || err.code == http.StatusGone:
		return classify(err, ErrNotFound)
	case err.code == http.StatusTooManyRequests || err.code == http.StatusRequestTimeout || err.code >= 500:
		if s, e := strconv.Atoi(resp.Header.Get("Retry-After")); e == nil && s > 0 {
			err.after = time.Duration(min(s, maxRetryAfter)) * time.Second
		}
		return classify(err, ErrFetch, errTransient)
	}
	return classify(err, ErrFetch)
}
