package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"
)

// Request is one exchange with the gateway.
type Request struct {
	Method string
	URL    string
	// Header is added to, and overrides, the headers of SetHeaders.
	Header http.Header
	// Body is sent as ContentType; nil: no body.
	Body        []byte
	ContentType string
	// Limit is the size of the longest answer taken, in bytes.
	Limit int64
}

// ackLimit is for answers that nobody reads.
const ackLimit = 64 << 10

// Get fetches url, at most limit bytes of it. See Do for errors.
func (g *Gateway) Get(ctx context.Context, url string, limit int64, header http.Header) ([]byte, error) {
	return g.Do(ctx, Request{Method: http.MethodGet, URL: url, Header: header, Limit: limit})
}

// PostJSON posts v; a []byte or json.RawMessage is sent as it is. The answer is
// dropped. See Do for errors.
func (g *Gateway) PostJSON(ctx context.Context, url string, v any, header http.Header) error {
	return g.sendJSON(ctx, http.MethodPost, url, v, header)
}

// PutJSON is PostJSON with PUT.
func (g *Gateway) PutJSON(ctx context.Context, url string, v any, header http.Header) error {
	return g.sendJSON(ctx, http.MethodPut, url, v, header)
}

// Put puts a body of any content type; the answer is dropped. See Do for errors.
func (g *Gateway) Put(ctx context.Context, url, contentType string, body []byte, header http.Header) error {
	_, err := g.Do(ctx, Request{Method: http.MethodPut, URL: url, Header: header,
		Body: body, ContentType: contentType, Limit: ackLimit})
	return err
}

func (g *Gateway) sendJSON(ctx context.Context, method, url string, v any, header http.Header) error {
	body, ok := v.([]byte)
	if !ok {
		var err error
		if body, err = json.Marshal(v); err != nil {
			return fmt.Errorf("encode request: %w", err)
		}
	}
	_, err := g.Do(ctx, Request{Method: method, URL: url, Header: header,
		Body: body, ContentType: "application/json", Limit: ackLimit})
	return err
}

// Do performs a request and returns the body of a 2xx answer. It tries up to
// three times where trying again can help, see retry. The error is *StatusError
// for another status, ErrTooLarge, ErrIdentity, ErrRedirect, that of ctx, or one
// of the network. URLs in it are without query and user info.
func (g *Gateway) Do(ctx context.Context, r Request) ([]byte, error) {
	u, err := url.Parse(r.URL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return nil, fmt.Errorf("%s: not an http or https URL", r.Method)
	}
	log := g.log.With("method", r.Method, "url", display(u))
	for try := 1; ; try++ {
		start := time.Now()
		body, err := g.once(ctx, r)
		log.Debug("request", "try", try, "took", time.Since(start).Round(time.Millisecond),
			"bytes", len(body), "error", errorValue(err))
		if err == nil {
			return body, nil
		}
		wait, again := retry(err, try)
		if ctx.Err() != nil {
			err, again = context.Cause(ctx), false
		}
		if !again {
			return nil, fmt.Errorf("%s %s: %w", r.Method, display(u), err)
		}
		log.Warn("request failed, trying again", "try", try, "wait", wait, "error", err)
		if err := g.sleep(ctx, wait); err != nil {
			return nil, fmt.Errorf("%s %s: %w", r.Method, display(u), err)
		}
	}
}

// once is one try.
func (g *Gateway) once(ctx context.Context, r Request) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, g.timeout, fmt.Errorf("no answer within %v", g.timeout))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.Method, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return nil, bare(err)
	}
	g.setHeader(req.Header, r)
	resp, err := g.client.Do(req)
	if err != nil {
		return nil, cause(ctx, bare(err))
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		// Read on, a little: the connection can be used again.
		_, _ = io.CopyN(io.Discard, resp.Body, ackLimit)
		return nil, &StatusError{Code: resp.StatusCode, RetryAfter: retryAfter(resp.Header)}
	}
	if resp.ContentLength > r.Limit {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, resp.ContentLength, r.Limit)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, r.Limit+1))
	if err != nil {
		return nil, cause(ctx, err)
	}
	if int64(len(body)) > r.Limit {
		return nil, fmt.Errorf("%w: at most %d bytes", ErrTooLarge, r.Limit)
	}
	return body, nil
}

func (g *Gateway) setHeader(h http.Header, r Request) {
	h.Set("User-Agent", g.userAgent)
	if r.ContentType != "" {
		h.Set("Content-Type", r.ContentType)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, more := range []http.Header{g.header, r.Header} {
		for key, values := range more {
			h[http.CanonicalHeaderKey(key)] = values
		}
	}
}

// cause is the reason why ctx ended, if it did, in place of the bare deadline.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// bare is err without the URL that net/http puts in front.
func bare(err error) error {
	if ue, ok := errors.AsType[*url.Error](err); ok {
		return ue.Err
	}
	return err
}

// errorValue keeps a nil error out of the log line's text.
func errorValue(err error) slog.Value {
	if err == nil {
		return slog.StringValue("")
	}
	return slog.StringValue(err.Error())
}
