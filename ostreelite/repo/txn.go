package repo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// A checkpoint makes what was staged durable and publishes it, so that a power
// cut late in a long transaction does not lose all of it.
const (
	checkpointBytes   = 256 << 20
	checkpointObjects = 32 << 10
)

// Txn writes objects. They are staged under tmp/ and get their final names,
// durably, at checkpoints and in Commit. After the process was killed the next
// Txn of the same boot finds what was staged (Has). A Txn holds the
// repository's lock shared, and is safe for concurrent use up to Commit or
// Abort, of which one must be called, once.
type Txn struct {
	r      *Repo
	stage  *staging
	unlock func()
	birth  birth
	made   [256]atomic.Bool // directories of the staging directory that exist

	// publishing is held for writing while staged objects are moved.
	publishing sync.RWMutex
	bytes      atomic.Int64 // staged since the last checkpoint
	count      atomic.Int64
	free       atomic.Int64 // bytes that may still be written
	block      int64
	checkpoint atomic.Uint32 // counts them

	flush       flusher
	cannotClone atomic.Bool
	full        atomic.Bool // the filesystem filled up
	ended       atomic.Bool
}

// Begin begins a transaction. It waits for the lock, see Lock.
func (r *Repo) Begin(ctx context.Context) (*Txn, error) {
	unlock, err := r.Lock(ctx, Shared)
	if err != nil {
		return nil, err
	}
	t := &Txn{r: r, unlock: unlock}
	if err := t.begin(); err != nil {
		unlock()
		return nil, fmt.Errorf("begin to write to %s: %w", r.path, err)
	}
	r.txns.Add(1)
	return t, nil
}

func (t *Txn) begin() error {
	if err := t.r.cleanTmp(); err != nil {
		return err
	}
	free, block, err := t.r.free()
	if err != nil {
		return err
	}
	t.free.Store(free)
	t.block = block
	if t.stage, err = t.r.openStaging(); err != nil {
		return err
	}
	if t.birth, err = birthIn(t.stage.dir); err != nil {
		t.stage.close()
	}
	return err
}

// Has reports whether the object is in the repository or staged.
func (t *Txn) Has(n object.Name) (bool, error) {
	path := loosePath(n, t.r.Mode())
	before := t.checkpoint.Load()
	ok, err := hasAt(t.r.objects, path)
	if ok || err != nil {
		return ok, err
	}
	t.publishing.RLock()
	ok, err = hasAt(t.stage.dir, path)
	t.publishing.RUnlock()
	if ok || err != nil || t.checkpoint.Load() == before {
		return ok, err
	}
	// A checkpoint may have moved it between the two looks.
	return hasAt(t.r.objects, path)
}

// Metadata is Repo.Metadata, of staged objects too.
func (t *Txn) Metadata(n object.Name) ([]byte, error) {
	before := t.checkpoint.Load()
	data, err := t.r.Metadata(n)
	if !errors.Is(err, ErrNotFound) {
		return data, err
	}
	t.publishing.RLock()
	data, err = t.r.metadataAt(t.stage.dir, n)
	t.publishing.RUnlock()
	if errors.Is(err, ErrNotFound) && t.checkpoint.Load() != before {
		return t.r.Metadata(n)
	}
	return data, err
}

// Checkpoint makes what was written so far durable and publishes it.
func (t *Txn) Checkpoint() error {
	t.publishing.Lock()
	defer t.publishing.Unlock()
	t.checkpoint.Add(1)
	if err := t.publish(); err != nil {
		return fmt.Errorf("publish objects in %s: %w", t.r.path, err)
	}
	t.bytes.Store(0)
	t.count.Store(0)
	return nil
}

// Commit makes everything that was written durable, publishes it and ends the
// transaction. After an error the staged objects are kept, as by Abort.
func (t *Txn) Commit() error {
	if t.ended.Load() {
		return errors.New("the transaction has ended")
	}
	if err := t.Checkpoint(); err != nil {
		return errors.Join(err, t.Abort())
	}
	return t.end(true)
}

// Abort ends the transaction. What was written stays staged for the next one,
// unless space ran out. After Commit it does nothing.
func (t *Txn) Abort() error { return t.end(t.full.Load()) }

func (t *Txn) end(remove bool) error {
	if t.ended.Swap(true) {
		return nil
	}
	defer t.unlock()
	defer t.r.txns.Add(-1)
	t.flush.wait()
	if !remove {
		t.stage.close()
		return nil
	}
	if err := t.stage.remove(); err != nil {
		return fmt.Errorf("clean up staging in %s: %w", t.r.path, err)
	}
	return nil
}

// reserve accounts for size more bytes of content.
func (t *Txn) reserve(size int64) error {
	size = (size/t.block + 1) * t.block
	if t.free.Add(-size) < 0 {
		t.free.Add(size)
		t.full.Store(true)
		return fmt.Errorf("%w: %d bytes more would eat into the reserve of %s", ErrNoSpace, size, t.r.path)
	}
	return nil
}

// failed notes when the filesystem is full, and gives err back.
func (t *Txn) failed(err error) error {
	if err = classify(err); errors.Is(err, ErrNoSpace) {
		t.full.Store(true)
	}
	return err
}

// wrote counts a staged object and makes a checkpoint when one is due.
func (t *Txn) wrote(size int64) error {
	objects, bytes := t.count.Add(1), t.bytes.Add(size)
	t.flush.wrote(t, size)
	if objects < checkpointObjects && bytes < checkpointBytes {
		return nil
	}
	return t.Checkpoint()
}

// stagedDir makes the directory for objects whose checksum begins with b.
func (t *Txn) stagedDir(path string, b byte) error {
	if t.made[b].Load() {
		return nil
	}
	err := unix.Mkdirat(t.stage.dir, path[:2], 0o777)
	if err != nil && err != unix.EEXIST {
		return err
	}
	t.made[b].Store(true)
	return nil
}
