package bundle

import (
	"context"
	"fmt"
	"io"

	"github.com/sotabox/sotabox/tuf"
)

// Limits for the documents of an archive, which are kept in memory: each (that
// of targets in spec/tuf.md, "Requests"), and together.
const (
	maxDocument  = 8 << 20
	maxDocuments = 24 << 20
	maxCount     = 2000
)

// documents is tuf/ of an archive: a tuf.Source.
type documents struct {
	byName map[string][]byte
	size   int64
}

func (d *documents) add(name string, size int64, r io.Reader) error {
	if d.byName == nil {
		d.byName = map[string][]byte{}
	}
	if _, ok := d.byName[name]; ok {
		return fmt.Errorf("%w: tuf/%s is in it twice", ErrMalformed, name)
	}
	if d.size += size; size > maxDocument || d.size > maxDocuments || len(d.byName) == maxCount {
		return fmt.Errorf("%w: its metadata is too large, at tuf/%s", ErrMalformed, name)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	d.byName[name] = data
	return nil
}

// Fetch implements tuf.Source.
func (d *documents) Fetch(_ context.Context, name string, limit int64) ([]byte, error) {
	data, ok := d.byName[name]
	switch {
	case !ok:
		return nil, fmt.Errorf("%w: the bundle has no tuf/%s", tuf.ErrNotFound, name)
	case int64(len(data)) > limit:
		return nil, fmt.Errorf("%w: tuf/%s has more than %d bytes", tuf.ErrInvalid, name, limit)
	}
	return data, nil
}
