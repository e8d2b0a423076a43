package pull

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
)

const (
	// resumeFrom is from how many received bytes on a response that breaks off is
	// continued; below, fetching it again costs about as much.
	resumeFrom = 1 << 20
	// resumeStep is how many more bytes make a new start of the count of attempts:
	// a bad link gets through a large object, a server that is broken does not
	// keep us for ever.
	resumeStep = 1 << 20
)

// resume goes on where the transport failed with err, or gives the error that
// cannot be got over.
func (b *body) resume(err error) error {
	if !b.resumes || b.got < resumeFrom {
		return err
	}
	if b.got-b.mark >= resumeStep {
		b.tries, b.mark = attempts{}, b.got
	}
	for errors.Is(err, errTransient) {
		again, step := b.tries.next(err)
		if !again {
			return err
		}
		wait := delay(b.h.delay, step, err)
		b.h.log.Debug("response broke off, going on where it did", "remote", b.h.String(), "offset", b.got, "error", err, "wait", wait)
		if err := sleep(b.ctx, wait); err != nil {
			return err
		}
		if err = b.reopen(); err == nil {
			return nil
		}
	}
	return err
}

// reopen requests the rest. A server that sends everything, because it knows no
// ranges or has another version by now, is read up to where we are.
func (b *body) reopen() error {
	header := http.Header{"Range": {"bytes=" + strconv.FormatInt(b.got, 10) + "-"}}
	if b.validator != "" {
		header.Set("If-Range", b.validator)
	}
	if err := b.request(header); err != nil {
		return err
	}
	switch {
	case b.resp.StatusCode == http.StatusOK:
		return b.skip()
	case b.resp.StatusCode == http.StatusPartialContent && startsAt(b.resp, b.got):
		return nil
	case b.resp.StatusCode == http.StatusPartialContent || b.resp.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		return classify(errors.New("server answered with another range than asked for"), ErrFetch)
	}
	return classifyStatus(b.resp)
}

// skip reads what was had before.
func (b *body) skip() error {
	have := b.got
	defer func() { b.got = have }()
	b.got = 0
	buf := make([]byte, 16<<10)
	for b.got < have {
		n, err := b.read(buf[:min(int64(len(buf)), have-b.got)])
		if err == io.EOF && b.got < have {
			return classify(errors.New("file is shorter than before"), ErrFetch)
		}
		if err != nil && n == 0 {
			return err
		}
	}
	return nil
}

// validator is what If-Range wants: a strong ETag, or else a date (RFC 9110, 13.1.5).
func validator(resp *http.Response) string {
	if tag := resp.Header.Get("ETag"); tag != "" {
		if tag[0] == '"' {
			return tag
		}
		return ""
	}
	return resp.Header.Get("Last-Modified")
}

// startsAt reads Content-Range, "bytes FIRST-LAST/TOTAL".
func startsAt(resp *http.Response, offset int64) bool {
	rest, ok := strings.CutPrefix(resp.Header.Get("Content-Range"), "bytes ")
	first, _, dash := strings.Cut(rest, "-")
	n, err := strconv.ParseInt(first, 10, 64)
	return ok && dash && err == nil && n == offset
}
