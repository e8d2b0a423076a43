package pull

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// httpSource is an archive repository behind a web server.
type httpSource struct {
	// base has everything, objects the objects.
	base, objects *url.URL
	client        *http.Client
	header        http.Header
	idle          time.Duration
	delay         time.Duration
	bytes         *atomic.Int64
	rate          *rate
	log           *slog.Logger
	trips         trips
}

// newHTTPSource prepares a source for so many connections. The function it gives
// closes them.
func newHTTPSource(remote Remote, o Options, most int) (*httpSource, func(), error) {
	h := &httpSource{header: requestHeader(remote.Header), idle: o.IdleTimeout, delay: o.RetryDelay,
		bytes: new(atomic.Int64), log: o.Log}
	var err error
	if h.base, err = parseBase(remote.URL); err != nil {
		return nil, nil, err
	}
	if h.objects, err = parseBase(cmp.Or(remote.ContentURL, remote.URL)); err != nil {
		return nil, nil, err
	}
	var closeIdle func()
	h.client, closeIdle = ownClient(remote.Client, most)
	return h, closeIdle, nil
}

// parseBase checks the URL of a repository.
func parseBase(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, classify(errors.New("malformed repository URL"), ErrFetch)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, classify(fmt.Errorf("repository URL %s is not http or https", u.Redacted()), ErrFetch)
	}
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

// String names the repository in messages, without a password or a query.
func (h *httpSource) String() string {
	u := *h.base
	u.RawQuery = ""
	return u.Redacted()
}

// open checks that there is a repository which can be pulled from.
func (h *httpSource) open(ctx context.Context) error {
	var buf bytes.Buffer
	err := h.get(ctx, h.base, "config", func(b *body) error {
		if err := readLimited(&buf, b, maxRemoteConfig); err != nil {
			return classify(err, ErrFetch)
		}
		if err := checkRemoteConfig(buf.Bytes()); err != nil {
			return classify(err, ErrFetch)
		}
		return nil
	})
	if errors.Is(err, ErrNotFound) {
		return classify(fmt.Errorf("no ostree repository at %s: it has no config", h), ErrFetch)
	}
	return err
}

// metadata fetches a metadata object. The result is verified.
func (h *httpSource) metadata(ctx context.Context, buf *bytes.Buffer, n object.Name) ([]byte, error) {
	err := h.get(ctx, h.objects, objectPath(n), func(b *body) error {
		err := readLimited(buf, b, object.MaxMetadataSize)
		if err == nil && object.Sum(buf.Bytes()) != n.Checksum {
			err = errors.New("checksum is wrong")
		}
		if err != nil {
			return classify(err, repo.ErrCorrupt)
		}
		return nil
	})
	return buf.Bytes(), err
}

// content fetches a content object into txn.
func (h *httpSource) content(ctx context.Context, txn *repo.Txn, c object.Checksum) error {
	n := object.Name{Type: object.TypeFile, Checksum: c}
	return h.get(ctx, h.objects, objectPath(n), func(b *body) error {
		b.resumes = true
		_, err := txn.WriteArchived(c, b)
		return err
	})
}

// detached fetches the detached metadata of a commit, ErrNotFound if there is
// none. Object stores tend to answer 403 then (as libostree takes it).
func (h *httpSource) detached(ctx context.Context, c object.Checksum) ([]byte, error) {
	var buf bytes.Buffer
	path := strings.TrimSuffix(objectPath(object.Name{Type: object.TypeCommit, Checksum: c}), "commit") + "commitmeta"
	err := h.get(ctx, h.base, path, func(b *body) error {
		err := readLimited(&buf, b, maxDetached)
		if err == nil {
			err = object.ValidateMetadata(buf.Bytes())
		}
		if err != nil {
			return classify(err, repo.ErrCorrupt)
		}
		return nil
	})
	var status *statusError
	if errors.As(err, &status) && status.code == http.StatusForbidden {
		err = classify(err, ErrNotFound)
	}
	return buf.Bytes(), err
}

// maxDetached caps the size of detached metadata, in bytes.
const maxDetached = 1 << 20

// get fetches one file below a URL, again and again as long as that makes sense,
// and gives each response to use. path is never made from anything but constants
// and checksums.
func (h *httpSource) get(ctx context.Context, base *url.URL, path string, use func(*body) error) error {
	u := *base
	u.Path = joinPath(u.Path, path)
	if u.RawPath != "" {
		u.RawPath = joinPath(u.RawPath, path)
	}
	var tries attempts
	for {
		err := h.once(ctx, &u, use)
		if err == nil || ctx.Err() != nil || !isSourceFault(err) {
			return err
		}
		again, step := tries.next(err)
		if !again {
			return fmt.Errorf("fetch %s from %s: %w", path, h, err)
		}
		wait := delay(h.delay, step, err)
		h.log.Debug("fetch failed, trying again", "file", path, "remote", h.String(), "error", err, "wait", wait)
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

func joinPath(base, rel string) string {
	if len(base) > 0 && base[len(base)-1] == '/' {
		return base + rel
	}
	return base + "/" + rel
}

// objectPath is where an archive repository has an object (docs/repo.md, "objects").
func objectPath(n object.Name) string {
	sum, ext := n.Checksum.String(), n.Type.String()
	if n.Type == object.TypeFile {
		ext = "filez"
	}
	return "objects/" + sum[:2] + "/" + sum[2:] + "." + ext
}

// trustedSize is how much memory is set aside because a server says that so much
// will come, in bytes.
const trustedSize = 8 << 20

// readLimited reads a whole body, refusing more than limit bytes.
func readLimited(to *bytes.Buffer, b *body, limit int64) error {
	size := b.resp.ContentLength
	if size > limit {
		return fmt.Errorf("larger than %d bytes", limit)
	}
	to.Reset()
	// Room for all of it and the end: a buffer that grows leaves twice as much behind.
	to.Grow(int(min(max(size, 0), trustedSize)) + bytes.MinRead)
	n, err := to.ReadFrom(io.LimitReader(b, limit+1))
	if err == nil && n > limit {
		err = fmt.Errorf("larger than %d bytes", limit)
	}
	return err
}
