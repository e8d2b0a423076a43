package pull

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// source is where objects come from. Its methods may be called at once from
// many workers, each with its own buffer.
type source interface {
	fmt.Stringer
	// detached gives the detached metadata of a commit, or ErrNotFound.
	detached(ctx context.Context, c object.Checksum) ([]byte, error)
	// metadata gives the verified bytes of a commit, dirtree or dirmeta. They may
	// be those of the buffer, and so valid until it is used again.
	metadata(ctx context.Context, buf *bytes.Buffer, n object.Name) ([]byte, error)
	// content writes a content object into txn.
	content(ctx context.Context, txn *repo.Txn, c object.Checksum) error
}

// keepBuffer is the largest buffer for metadata that a worker keeps for the next
// object, in bytes; the rare larger one goes back to the garbage collector.
const keepBuffer = 128 << 10

// transfer brings what a commit refers to from one source into a transaction.
type transfer struct {
	txn   *repo.Txn
	src   source
	queue *queue
	meter *meter
	// workers is how many there should be by now. There are never less of them
	// than there were.
	workers func() int
	hired   atomic.Int64
	running sync.WaitGroup
	cancel  context.CancelFunc
}

// run walks the tree of c and returns when everything is in the transaction or
// the first error has stopped all workers.
func (t *transfer) run(ctx context.Context, c *object.Commit) error {
	ctx, t.cancel = context.WithCancel(ctx)
	defer t.cancel()
	defer context.AfterFunc(ctx, func() { t.queue.fail(context.Cause(ctx)) })()

	t.queue.addMeta(object.Name{Type: object.TypeDirTree, Checksum: c.Tree},
		object.Name{Type: object.TypeDirMeta, Checksum: c.Meta})
	t.hire(ctx)
	t.running.Wait()
	return t.queue.result()
}

// hire starts workers up to the number wanted.
func (t *transfer) hire(ctx context.Context) {
	for {
		n := t.hired.Load()
		if n >= int64(t.workers()) {
			return
		}
		if t.hired.CompareAndSwap(n, n+1) {
			t.running.Go(func() { t.work(ctx) })
		}
	}
}

// work is what each worker does.
func (t *transfer) work(ctx context.Context) {
	var buf bytes.Buffer
	for {
		j, ok := t.queue.next()
		if !ok {
			return
		}
		fetched, err := t.bring(ctx, &buf, j)
		t.queue.done(j, fetched, err)
		if err != nil {
			t.cancel()
			return
		}
		if buf.Cap() > keepBuffer {
			buf = bytes.Buffer{}
		}
		t.hire(ctx)
	}
}

// bring makes sure that the transaction has the object of a job, and that what it
// refers to is queued. It tells whether the object had to be fetched.
func (t *transfer) bring(ctx context.Context, buf *bytes.Buffer, j job) (bool, error) {
	if j.Type == object.TypeFile {
		return t.bringContent(ctx, j)
	}
	data, fetched, err := t.bringMetadata(ctx, buf, j.Name)
	if err != nil || j.Type != object.TypeDirTree {
		return fetched, err
	}
	return fetched, t.scan(j.Name, data)
}

func (t *transfer) bringContent(ctx context.Context, j job) (bool, error) {
	if j.again {
		have, err := t.txn.Has(j.Name)
		if err != nil || have {
			return false, err
		}
	}
	if err := t.src.content(ctx, t.txn, j.Checksum); err != nil {
		return true, err
	}
	t.meter.content.Add(1)
	return true, nil
}

// bringMetadata fetches a metadata object that is missing or, on the disk, damaged.
func (t *transfer) bringMetadata(ctx context.Context, buf *bytes.Buffer, n object.Name) ([]byte, bool, error) {
	data, err := t.txn.Metadata(n)
	if err == nil || !errors.Is(err, repo.ErrNotFound) && !errors.Is(err, repo.ErrCorrupt) {
		return data, false, err
	}
	data, err = t.src.metadata(ctx, buf, n)
	if err != nil {
		return nil, true, err
	}
	if err := t.txn.WriteMetadata(n, data); err != nil {
		return nil, true, err
	}
	t.meter.metadata.Add(1)
	return data, true, nil
}

// scanBatch is how many content objects are queued at a time. In a large directory
// the first are fetched while the rest is looked at.
const scanBatch = 1024

// scan queues what a dirtree refers to, of its files only those that are missing.
func (t *transfer) scan(n object.Name, data []byte) error {
	tree, err := object.ViewDirTree(data)
	if err != nil {
		return classify(fmt.Errorf("dirtree %s: %w", n.Checksum, err), repo.ErrCorrupt)
	}
	var missing []object.Checksum
	for _, c := range tree.Files() {
		have, err := t.txn.Has(object.Name{Type: object.TypeFile, Checksum: c})
		if err != nil {
			return err
		}
		if !have {
			missing = append(missing, c)
		}
		if len(missing) == scanBatch {
			t.queue.addContent(missing)
			missing = nil
		}
	}
	t.queue.addContent(missing)
	for _, d := range tree.Dirs() {
		t.queue.addMeta(object.Name{Type: object.TypeDirMeta, Checksum: d.Meta},
			object.Name{Type: object.TypeDirTree, Checksum: d.Tree})
	}
	return nil
}
