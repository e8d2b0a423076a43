package pull

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// source is where objects come from. Both methods may be called at once from
// many workers, each with its own scratch.
type source interface {
	// metadata gives the verified bytes of a commit, dirtree or dirmeta, valid
	// until the scratch is used again.
	metadata(ctx context.Context, w *scratch, n object.Name) ([]byte, error)
	// content writes a content object into txn.
	content(ctx context.Context, w *scratch, txn *repo.Txn, c object.Checksum) error
}

// transfer brings what a commit refers to from one source into a transaction.
type transfer struct {
	txn   *repo.Txn
	src   source
	queue *queue
	meter *meter
}

// run walks the tree of c with a number of workers and returns when everything is
// in the transaction or the first error has stopped all of them.
func (t *transfer) run(ctx context.Context, c *object.Commit, workers int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { t.queue.fail(context.Cause(ctx)) })()

	t.queue.addMeta(object.Name{Type: object.TypeDirTree, Checksum: c.Tree},
		object.Name{Type: object.TypeDirMeta, Checksum: c.Meta})
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			w := newScratch()
			for {
				j, ok := t.queue.next()
				if !ok {
					return
				}
				fetched, err := t.bring(ctx, w, j)
				t.queue.done(j, fetched, err)
				if err != nil {
					cancel()
				}
			}
		})
	}
	running.Wait()
	return t.queue.result()
}

// bring makes sure that the transaction has the object of a job, and that what it
// refers to is queued. It tells whether the object had to be fetched.
func (t *transfer) bring(ctx context.Context, w *scratch, j job) (bool, error) {
	if j.Type == object.TypeFile {
		return t.bringContent(ctx, w, j)
	}
	data, fetched, err := t.bringMetadata(ctx, w, j.Name)
	if err != nil || j.Type != object.TypeDirTree {
		return fetched, err
	}
	return fetched, t.scan(j.Name, data)
}

func (t *transfer) bringContent(ctx context.Context, w *scratch, j job) (bool, error) {
	if j.again {
		have, err := t.txn.Has(j.Name)
		if err != nil || have {
			return false, err
		}
	}
	if err := t.src.content(ctx, w, t.txn, j.Checksum); err != nil {
		return true, err
	}
	t.meter.content.Add(1)
	return true, nil
}

// bringMetadata fetches a metadata object that is missing or, on the disk, damaged.
func (t *transfer) bringMetadata(ctx context.Context, w *scratch, n object.Name) ([]byte, bool, error) {
	data, err := t.txn.Metadata(n)
	if err == nil || !errors.Is(err, repo.ErrNotFound) && !errors.Is(err, repo.ErrCorrupt) {
		return data, false, err
	}
	data, err = t.src.metadata(ctx, w, n)
	if err != nil {
		return nil, true, err
	}
	if err := t.txn.WriteMetadata(n, data); err != nil {
		return nil, true, err
	}
	t.meter.metadata.Add(1)
	return data, true, nil
}

// scan queues what a dirtree refers to, of its files only those that are missing.
func (t *transfer) scan(n object.Name, data []byte) error {
	tree, err := object.ParseDirTree(data)
	if err != nil {
		return classify(fmt.Errorf("dirtree %s: %w", n.Checksum, err), repo.ErrCorrupt)
	}
	var missing []object.Checksum
	for _, f := range tree.Files {
		have, err := t.txn.Has(object.Name{Type: object.TypeFile, Checksum: f.Checksum})
		if err != nil {
			return err
		}
		if !have {
			missing = append(missing, f.Checksum)
		}
	}
	t.queue.addContent(missing)
	for _, d := range tree.Dirs {
		t.queue.addMeta(object.Name{Type: object.TypeDirMeta, Checksum: d.Meta},
			object.Name{Type: object.TypeDirTree, Checksum: d.Tree})
	}
	return nil
}
