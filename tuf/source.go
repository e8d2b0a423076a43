package tuf

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// Source is where metadata comes from. It is not trusted.
type Source interface {
	// Fetch returns the document with a name such as "3.root.json" or "timestamp.json". Names are made by this
	// package: digits, dots and role names.
	//
	// A document that is not there is ErrNotFound, for which a server must have answered that clearly; everything else
	// that goes wrong is taken as ErrFetch. The difference matters: the absence of the next root ends the chain of
	// roots, a failure to ask must not. A source stops reading after limit bytes; it returns an error in class
	// ErrInvalid then, or what it read beyond limit, which is refused.
	Fetch(ctx context.Context, name string, limit int64) ([]byte, error)
}

// Dir is a Source that reads a directory, such as tuf/ of an offline bundle.
type Dir string

// Fetch reads a regular file in the directory. Links that lead out of the directory are not followed.
func (d Dir) Fetch(ctx context.Context, name string, limit int64) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFetch, err)
	}
	root, err := os.OpenRoot(string(d))
	if err != nil {
		return nil, dirError(err)
	}
	defer root.Close()
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, dirError(err)
	}
	data, err := readRegular(f, limit)
	if err != nil {
		return nil, fmt.Errorf("%w: read %s in %s: %w", ErrFetch, name, string(d), err)
	}
	return data, nil
}

func dirError(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	return fmt.Errorf("%w: %w", ErrFetch, err)
}
