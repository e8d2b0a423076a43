package delta

import (
	"context"
	"io"
)

// Source is where a repository's files come from.
type Source interface {
	// Fetch gives the file at a path below the repository to use. It may do so
	// again, from the beginning, after the transfer failed; it does not after use
	// has reported an error of its own, which it gives back. A file that is not
	// there is an [io/fs.ErrNotExist]. The path is made of nothing but constants,
	// checksums and numbers. It is called by many goroutines at once.
	Fetch(ctx context.Context, path string, use func(io.Reader) error) error
}
