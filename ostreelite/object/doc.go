// Package object knows the formats of OSTree objects and nothing else: it reads
// and writes commits, dirtrees, dirmetas and content headers, and it hashes
// content (libostree docs/formats.md, ostree-core.h). It does no I/O of its own.
//
// Everything it parses is hostile until parsed: a Parse function accepts only
// the one normal serialisation of a valid object, so that Marshal of what it
// gives back is the input again, and reports anything else as ErrMalformed.
package object

import (
	"errors"
	"fmt"
)

// ErrMalformed says that data is not a valid object of its type.
var ErrMalformed = errors.New("malformed object")

const (
	// MaxMetadataSize is the largest commit, dirtree or dirmeta that is
	// accepted, in bytes. Metadata is handled in memory; this fits a directory
	// of some 100,000 files. (libostree's OSTREE_MAX_METADATA_SIZE is 128 MiB,
	// which a small device cannot hold.)
	MaxMetadataSize = 16 << 20

	// MaxHeaderSize is the largest serialised content header that is accepted,
	// in bytes. Linux keeps a few hundred KiB of xattrs per file at most.
	MaxHeaderSize = 1 << 20
)

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrMalformed}, args...)...)
}
