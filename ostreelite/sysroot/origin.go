package sysroot

import (
	"fmt"
	"strings"

	"github.com/sotabox/sotabox/ostreelite/repo"
)

// Where the facts about a deployment stand in its origin file
// (ostree-sysroot.c and ostree-deployment.c of libostree).
const (
	originGroup    = "origin"
	originRefspec  = "refspec"
	transientGroup = "libostree-transient"
	transientPin   = "pinned"
)

// maxOriginSize bounds an origin file; real ones hold a line or two.
const maxOriginSize = 1 << 20

// parseOrigin reads an origin file. The error is an ErrMalformed.
func parseOrigin(data []byte) (*repo.Keyfile, error) {
	f, err := repo.ParseKeyfile(data)
	if err != nil {
		return nil, fmt.Errorf("%w: origin: %w", ErrMalformed, err)
	}
	return f, nil
}

// newOrigin is the origin of a deployment that follows refspec, nil if it
// follows nothing.
func newOrigin(refspec string) (*repo.Keyfile, error) {
	if refspec == "" {
		return nil, nil
	}
	if strings.ContainsFunc(refspec, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }) {
		return nil, fmt.Errorf("%w: refspec %q", ErrMalformed, refspec)
	}
	f := new(repo.Keyfile)
	f.Set(originGroup, originRefspec, refspec)
	return f, nil
}

func originRefspecOf(f *repo.Keyfile) string {
	refspec, _ := f.Get(originGroup, originRefspec)
	return refspec
}

func originPinned(f *repo.Keyfile) bool {
	value, _ := f.Get(transientGroup, transientPin)
	return value == "true" || value == "1"
}
