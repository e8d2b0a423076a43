package pull

import (
	"bytes"
	"context"
	"log/slog"
)

// Get fetches a small file that a remote has beside its objects, such as
// statistics, at most limit bytes of it; log is as in [Options]. path is relative
// to the remote's URL and must be of what was verified. Nothing of the result is.
// It tries again as Pull does, and fails with an ErrFetch or an ErrNotFound.
func Get(ctx context.Context, remote Remote, path string, limit int64, log *slog.Logger) ([]byte, error) {
	o := Options{Log: log}
	o.fill()
	h, closeIdle, err := newHTTPSource(remote, o, 1)
	if err != nil {
		return nil, err
	}
	defer closeIdle()
	var buf bytes.Buffer
	err = h.get(ctx, h.base, path, func(b *body) error {
		if err := readLimited(&buf, b, limit); err != nil {
			return classify(err, ErrFetch)
		}
		return nil
	})
	return buf.Bytes(), err
}
