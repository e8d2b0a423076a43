package pull

import (
	"sync"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// maxWaiting is how many content objects may wait before workers stop scanning
// dirtrees and fetch content first. One dirtree per worker may exceed it.
const maxWaiting = 4096

// queue hands out the objects of a commit to workers, each once at a time.
//
// Metadata goes first, as in libostree, so that enough work is known to keep all
// workers busy, but only up to maxWaiting content objects. Both are taken last
// in, first out: a walk depth first keeps few dirtrees waiting.
type queue struct {
	mu   sync.Mutex
	wake *sync.Cond

	meta    []object.Name
	seen    map[object.Name]struct{}
	content [][]object.Checksum
	waiting int
	busy    map[object.Checksum]struct{}
	given   filter
	working int
	known   int64
	err     error
}

func newQueue() *queue {
	q := &queue{seen: map[object.Name]struct{}{}, busy: map[object.Checksum]struct{}{}}
	q.wake = sync.NewCond(&q.mu)
	return q
}

// addMeta queues metadata objects, each only the first time it is named.
func (q *queue) addMeta(names ...object.Name) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, n := range names {
		if _, ok := q.seen[n]; ok {
			continue
		}
		q.seen[n] = struct{}{}
		q.meta = append(q.meta, n)
		q.known++
	}
	q.wake.Broadcast()
}

// addContent queues the missing content objects of one dirtree and keeps the
// slice. The same object may be queued many times, by this dirtree and by
// others: whoever takes it asks the repository whether it is there by now.
func (q *queue) addContent(files []object.Checksum) {
	if len(files) == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.content = append(q.content, files)
	q.waiting += len(files)
	q.known += int64(len(files))
	q.wake.Broadcast()
}

// job is an object to work on.
type job struct {
	object.Name
	// again says that the same content object may have been given before, so
	// that it is worth a look whether it has come since it was found missing.
	again bool
}

// next waits for a job. It returns false when all is done or the queue has
// failed. The caller reports with done.
func (q *queue) next() (job, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.err == nil {
		if len(q.meta) > 0 && q.waiting < maxWaiting {
			n := q.meta[len(q.meta)-1]
			q.meta = q.meta[:len(q.meta)-1]
			q.working++
			return job{Name: n}, true
		}
		if c, ok := q.takeContent(); ok {
			q.working++
			return job{object.Name{Type: object.TypeFile, Checksum: c}, q.given.seen(c)}, true
		}
		if len(q.meta) > 0 {
			continue
		}
		if q.working == 0 {
			q.wake.Broadcast()
			return job{}, false
		}
		q.wake.Wait()
	}
	return job{}, false
}

// takeContent takes the next content object that nobody is working on. One that
// somebody is working on needs no second visit: it arrives, or the pull fails.
func (q *queue) takeContent() (object.Checksum, bool) {
	for len(q.content) > 0 {
		last := len(q.content) - 1
		files := q.content[last]
		c := files[len(files)-1]
		if files = files[:len(files)-1]; len(files) > 0 {
			q.content[last] = files
		} else {
			q.content[last] = nil
			q.content = q.content[:last]
		}
		q.waiting--
		if _, ok := q.busy[c]; ok {
			q.known--
			continue
		}
		q.busy[c] = struct{}{}
		return c, true
	}
	return object.Checksum{}, false
}

// done reports the end of a job, and whether it had to be fetched. The first
// error ends the queue.
func (q *queue) done(j job, fetched bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.working--
	if !fetched {
		q.known--
	}
	if j.Type == object.TypeFile {
		delete(q.busy, j.Checksum)
	}
	if err != nil && q.err == nil {
		q.err = err
	}
	if q.err != nil || q.working == 0 {
		q.wake.Broadcast()
	}
}

// fail ends the queue from outside of a worker.
func (q *queue) fail(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err == nil {
		q.err = err
	}
	q.wake.Broadcast()
}

// total is the number of objects to fetch as far as it is known: those fetched
// and those that wait, less what turned out to be there.
func (q *queue) total() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.known
}

func (q *queue) result() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.err
}
