package pull

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// httpSource is an archive repository behind a web server.
type httpSource struct {
	base   *url.URL
	client *http.Client
	header http.Header
	idle   time.Duration
	delay  time.Duration
	bytes  *atomic.Int64
	log    *slog.Logger
	// inflaters are shared: of many workers most wait for a server, and only one
	// whose response has begun needs the large state of a decompressor.
	inflaters sync.Pool
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
	err := h.get(ctx, "config", func(resp *http.Response, b *body) error {
		if err := readLimited(&buf, resp, b, maxRemoteConfig); err != nil {
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
	err := h.get(ctx, objectPath(n), func(resp *http.Response, b *body) error {
		err := readLimited(buf, resp, b, object.MaxMetadataSize)
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
	return h.get(ctx, objectPath(n), func(_ *http.Response, b *body) error {
		z, ok := h.inflaters.Get().(*inflater)
		if !ok {
			z = newInflater()
		}
		defer h.inflaters.Put(z)
		z.reset(b)
		header, size, err := object.ReadArchiveHeader(z.input())
		if err != nil {
			return classify(err, repo.ErrCorrupt)
		}
		data, err := z.data(size, header.IsSymlink())
		if err != nil {
			return classify(err, repo.ErrCorrupt)
		}
		err = txn.WriteFile(c, header, size, data)
		if bad := z.err; err != nil && bad != nil && bad != io.EOF {
			return classify(bad, repo.ErrCorrupt)
		}
		return err
	})
}

// get fetches one file below the repository, again and again as long as that
// makes sense, and gives each response to use. path is never made from anything
// but constants and checksums.
func (h *httpSource) get(ctx context.Context, path string, use func(*http.Response, *body) error) error {
	u := *h.base
	u.Path = joinPath(u.Path, path)
	if u.RawPath != "" {
		u.RawPath = joinPath(u.RawPath, path)
	}
	var tries attempts
	for {
		err := h.request(ctx, &u, use)
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

// readLimited reads a whole body, refusing more than limit bytes.
func readLimited(to *bytes.Buffer, resp *http.Response, b *body, limit int64) error {
	if resp.ContentLength > limit {
		return fmt.Errorf("larger than %d bytes", limit)
	}
	to.Reset()
	n, err := to.ReadFrom(io.LimitReader(b, limit+1))
	if err == nil && n > limit {
		err = fmt.Errorf("larger than %d bytes", limit)
	}
	return err
}
