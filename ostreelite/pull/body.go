package pull

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"time"
)

// body is a response body that a stalled server cannot hold open, that keeps to
// the rate, and that goes on with a range request (RFC 9110, 14) where the
// transport breaks off late in a large object. What it gives may still be a
// mixture of two versions of a file; checksums are for others to compare.
type body struct {
	h   *httpSource
	ctx context.Context // of all requests
	url *url.URL
	// Of the request that is being read:
	resp       *http.Response
	requestCtx context.Context
	end        context.CancelCauseFunc
	idle       *time.Timer
	got        int64 // bytes that came
	// resumes says that a break may be mended; validator names the version of the
	// file that was begun.
	resumes   bool
	validator string
	tries     attempts
	mark      int64
	// broken is why no more can be read, other than the regular end.
	broken error
}

// request sends a GET, with more headers, in place of the one before, if any.
func (b *body) request(more http.Header) error {
	b.close()
	ctx, cancel := context.WithCancelCause(b.ctx)
	b.requestCtx, b.end = ctx, cancel
	b.idle = time.AfterFunc(b.h.idle, func() { cancel(errIdle) })
	header := b.h.header.Clone()
	for key, values := range more {
		header[key] = values
	}
	req := (&http.Request{Method: http.MethodGet, URL: b.url, Host: b.url.Host, Header: header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(ctx)
	start := time.Now()
	resp, err := b.h.client.Do(req)
	b.idle.Stop()
	if err != nil {
		return classifyTransport(ctx, err)
	}
	b.h.trips.note(time.Since(start))
	b.resp = resp
	return nil
}

// close ends the request.
func (b *body) close() {
	if b.resp != nil {
		b.resp.Body.Close()
		b.resp = nil
	}
	if b.end != nil {
		b.idle.Stop()
		b.end(nil)
	}
}

// Read ends with what broken says when the transport failed for good. The idle
// clock runs only while a read waits: a slow disk or a limited rate here does
// not count against the server.
func (b *body) Read(p []byte) (int, error) {
	for b.broken == nil {
		n, err := b.read(p)
		if err == nil || err == io.EOF {
			return n, err
		}
		b.broken = b.resume(err)
	}
	return 0, b.broken
}

// read is one read from the current response; its error is classified.
func (b *body) read(p []byte) (int, error) {
	p = p[:b.h.rate.piece(len(p))]
	b.idle.Reset(b.h.idle)
	n, err := b.resp.Body.Read(p)
	b.idle.Stop()
	b.got += int64(n)
	b.h.bytes.Add(int64(n))
	if waitErr := b.h.rate.wait(b.ctx, n); waitErr != nil {
		return 0, waitErr
	}
	switch {
	case err == nil || err == io.EOF:
		return n, err
	case n > 0: // The error comes again.
		return n, nil
	}
	return 0, classifyTransport(b.requestCtx, err)
}
