package pull

import (
	"errors"

	"github.com/sotabox/sotabox/ostreelite/repo"
)

// Error classes, matched with errors.Is. A pull also fails with
// [repo.ErrCorrupt] when an object stays wrong after it was fetched again, with
// [repo.ErrNoSpace], and with the context's error.
var (
	// ErrFetch means that a remote could not be reached or refused to serve.
	ErrFetch = errors.New("fetch failed")
	// ErrSignature means that none of the keys asked for has signed the commit.
	ErrSignature = errors.New("no valid signature")
	// ErrNotFound means that a source does not have the commit or an object of it.
	ErrNotFound = errors.New("object not found")
)

// errTransient marks trouble that may pass: worth another try at the same remote.
var errTransient = errors.New("transient")

// classified gives an error classes without repeating their text in its own.
type classified struct {
	error
	classes []error
}

func (c *classified) Unwrap() []error { return append([]error{c.error}, c.classes...) }

func classify(err error, classes ...error) error {
	return &classified{error: err, classes: classes}
}

// isSourceFault tells whether another source may do better than the one that
// failed: true for what a source did or failed to do, false for trouble of the
// destination or the end of the context.
func isSourceFault(err error) bool {
	if errors.Is(err, repo.ErrNoSpace) {
		return false
	}
	for _, class := range []error{ErrFetch, ErrNotFound, ErrSignature, repo.ErrCorrupt} {
		if errors.Is(err, class) {
			return true
		}
	}
	return false
}
