package pull

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// localWorkers suits a local copy, which keeps processors and the disk busy
// rather than a network.
const localWorkers = 4

// LocalOptions say what to copy from another repository.
type LocalOptions struct {
	// Commit to copy. Its parents are not.
	Commit object.Checksum
	// Ref, if not empty, is set to the commit when all of it is there.
	Ref string
	// Keys are as in Options.
	Keys []ed25519.PublicKey
	// Copy makes no hard links to the other repository, for one that others may
	// change.
	Copy bool
	// Workers is the number of objects in flight, 4 if 0.
	Workers int
	// Progress is called as in Options.
	Progress func(Progress)
	// Log is as in Options.
	Log *slog.Logger
}

// Local copies a commit and all it refers to from src, of any mode, to dst, of any
// mode. It verifies, continues and fails as Pull does.
func Local(ctx context.Context, dst, src *repo.Repo, o LocalOptions) (Stats, error) {
	if o.Commit.IsZero() {
		return Stats{}, errors.New("pull: no commit named")
	}
	if o.Workers <= 0 {
		o.Workers = localWorkers
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	m := &meter{start: time.Now()}
	stop := m.report(o.Progress)
	err := intoRepo(ctx, dst, delivery{keys: o.Keys}, o.Commit, o.Ref, func(d *delivery) error {
		l := &localSource{repo: src, bytes: &m.bytes, copy: o.Copy}
		if err := d.begin(ctx, l, o.Log); err != nil {
			return err
		}
		return d.from(ctx, l, fixed(o.Workers), m)
	})
	stop()
	return m.stats(), err
}

// localSource is another repository on this machine.
type localSource struct {
	repo  *repo.Repo
	bytes *atomic.Int64
	copy  bool
}

func (l *localSource) metadata(_ context.Context, _ *bytes.Buffer, n object.Name) ([]byte, error) {
	data, err := l.repo.Metadata(n)
	if err != nil {
		return nil, l.classify(err)
	}
	l.bytes.Add(int64(len(data)))
	return data, nil
}

func (l *localSource) content(ctx context.Context, txn *repo.Txn, c object.Checksum) error {
	bring := txn.ImportFile
	if l.copy {
		bring = txn.CopyFile
	}
	size, err := bring(ctx, l.repo, c)
	if err != nil {
		return l.classify(err)
	}
	l.bytes.Add(size)
	return nil
}

// String names the repository in messages.
func (l *localSource) String() string { return l.repo.Path() }

func (l *localSource) detached(_ context.Context, c object.Checksum) ([]byte, error) {
	data, err := l.repo.Detached(c)
	return data, l.classify(err)
}

// classify names the repository, and gives what is missing there this package's class.
func (l *localSource) classify(err error) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("copy from %s: %w", l.repo.Path(), err)
	if errors.Is(err, repo.ErrNotFound) {
		return classify(err, ErrNotFound)
	}
	return err
}
