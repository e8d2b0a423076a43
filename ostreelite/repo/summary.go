package repo

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// Summary reads the summary file, which a publisher may keep of the refs. Having
// none is an ErrNotFound, one that is malformed an ErrCorrupt. Nothing vouches for
// it but what it was fetched over.
func (r *Repo) Summary() (*object.Summary, error) {
	data, err := readFileAt(r.dir, "summary", object.MaxMetadataSize)
	if err == unix.ENOENT {
		return nil, fmt.Errorf("%w: summary of %s", ErrNotFound, r.path)
	}
	if err != nil {
		return nil, fmt.Errorf("read summary of %s: %w", r.path, err)
	}
	s, err := object.ParseSummary(data)
	if err != nil {
		return nil, fmt.Errorf("%w: summary of %s: %w", ErrCorrupt, r.path, err)
	}
	return s, nil
}
