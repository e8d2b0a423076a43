package repo

import (
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// flushBytes is how much may be written before the disk is told to begin.
const flushBytes = 32 << 20

// flusher brings what a transaction wrote to the disk.
type flusher struct {
	bytes   atomic.Int64 // written since the disk was told
	early   atomic.Bool  // the disk is being told
	running sync.WaitGroup

	mu  sync.Mutex
	err error // of an earlier call: the kernel reports each error only once
}

// wrote lets the disk write what is staged while more comes, so that a checkpoint
// need not wait for all of it.
func (f *flusher) wrote(t *Txn, size int64) {
	if !t.r.config.Fsync || f.bytes.Add(size) < flushBytes || f.early.Swap(true) {
		return
	}
	f.bytes.Store(0)
	f.running.Go(func() {
		_ = f.sync(t)
		f.early.Store(false)
	})
}

// sync returns when everything that was written is on the disk. One call for the
// filesystem is one journal commit, where one for each directory would be 256. The
// descriptor is the transaction's own: errors are reported once to each.
func (f *flusher) sync(t *Txn) error {
	if !t.r.config.Fsync {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := unix.Syncfs(t.stage.dir); err != nil && f.err == nil {
		f.err = err
	}
	return f.err
}

// wait returns when nothing is under way.
func (f *flusher) wait() { f.running.Wait() }
