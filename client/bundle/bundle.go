package bundle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/pull"
	"github.com/sotabox/sotabox/ostreelite/repo"
	"github.com/sotabox/sotabox/tuf"
)

// Error classes, matched with errors.Is. A bundle that is not there is an
// fs.ErrNotExist.
var (
	// ErrMalformed: the archive is damaged, or is no bundle.
	ErrMalformed = errors.New("not a usable bundle")
	// ErrIncomplete: the bundle lacks the commit or a part of it.
	ErrIncomplete = errors.New("not in the bundle")
)

// Stdin is the path that means standard input.
const Stdin = "-"

// Bundle is an opened bundle. It is not safe for concurrent use.
type Bundle struct {
	path    string
	content content
}

// content is what the kinds of bundles differ in.
type content interface {
	metadata() tuf.Source
	index(ctx context.Context) (*Index, error)
	pull(ctx context.Context, dst *repo.Repo, o PullOptions) (pull.Stats, error)
	close() error
}

// PullOptions say what to take from a bundle.
type PullOptions struct {
	// Commit to bring in. Its parents are not.
	Commit object.Checksum
	// Progress is called as pull.Options.Progress is.
	Progress func(pull.Progress)
	// Log hears what an operator should know; nil is silence.
	Log *slog.Logger
}

// Open opens the bundle at path: a directory, an archive, or anything else that
// can be read once, from start to end; Stdin is stdin. What an archive is packed
// with is told by its content. Its metadata is read at once: a file is read
// through for it, a stream up to where its content begins. Errors: ErrMalformed,
// fs.ErrNotExist, ctx's, the system's.
func Open(ctx context.Context, path string, stdin io.Reader) (*Bundle, error) {
	b, err := open(ctx, path, stdin)
	if err != nil {
		return nil, fmt.Errorf("open bundle %s: %w", path, err)
	}
	return b, nil
}

func open(ctx context.Context, path string, stdin io.Reader) (*Bundle, error) {
	if path == Stdin {
		if stdin == nil {
			return nil, errors.New("a stream is not taken here; name a directory or an archive")
		}
		return opened(path)(openStream(ctx, io.NopCloser(stdin)))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		f.Close()
		return nil, err
	case info.IsDir():
		return &Bundle{path, directory(path)}, f.Close()
	case info.Mode().IsRegular():
		return opened(path)(openFile(ctx, f))
	}
	return opened(path)(openStream(ctx, f))
}

func opened(path string) func(content, error) (*Bundle, error) {
	return func(c content, err error) (*Bundle, error) {
		if err != nil {
			return nil, err
		}
		return &Bundle{path, c}, nil
	}
}

// Path is where the bundle was opened.
func (b *Bundle) Path() string { return b.path }

// IsStream reports whether the bundle can be read only once.
func (b *Bundle) IsStream() bool {
	_, ok := b.content.(*stream)
	return ok
}

// Metadata is the bundle's tuf/ directory.
func (b *Bundle) Metadata() tuf.Source { return b.content.metadata() }

// Index tells what is in the bundle. A stream is read to its end for it, and
// nothing can be pulled from it then.
func (b *Bundle) Index(ctx context.Context) (*Index, error) {
	index, err := b.content.index(ctx)
	if err != nil {
		return nil, fmt.Errorf("read bundle %s: %w", b.path, err)
	}
	return index, nil
}

// Pull brings a commit and all it refers to into dst, verified. A commit that
// dst has in full costs nothing; one that came in part before is continued. The
// commit object comes last, after all it refers to is durable.
//
// An archive is read once, and every object in it that dst lacks is kept, also
// those of other commits: which commit an object belongs to cannot be told as
// it comes. The next prune removes them.
//
// Errors: ErrIncomplete, ErrMalformed, repo.ErrCorrupt, repo.ErrNoSpace, ctx's,
// the system's.
func (b *Bundle) Pull(ctx context.Context, dst *repo.Repo, o PullOptions) (pull.Stats, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	stats, err := b.content.pull(ctx, dst, o)
	if err != nil {
		return stats, fmt.Errorf("take commit %s from bundle %s: %w", o.Commit, b.path, err)
	}
	return stats, nil
}

// Close releases the bundle.
func (b *Bundle) Close() error { return b.content.close() }
