package pull

import (
	"sync"
	"sync/atomic"
	"time"
)

// progressInterval is the shortest time between two reports.
const progressInterval = 100 * time.Millisecond

// Progress is how far a pull has come.
type Progress struct {
	// Objects have been fetched; TotalObjects are to be fetched as far as the
	// walk has seen by now. The total grows until all directories are known.
	Objects, TotalObjects int64
	// Bytes were transferred, compressed as they come.
	Bytes int64
	// Elapsed is the time since the start of the pull.
	Elapsed time.Duration
}

// Rate is the mean number of bytes transferred in a second.
func (p Progress) Rate() float64 {
	if p.Elapsed <= 0 {
		return 0
	}
	return float64(p.Bytes) / p.Elapsed.Seconds()
}

// Stats is what a pull did.
type Stats struct {
	// Metadata and Content count the objects that were brought in.
	Metadata, Content int64
	// Bytes were transferred, compressed as they came, with those of failed attempts.
	Bytes int64
	// Elapsed is the time from start to end.
	Elapsed time.Duration
}

// meter counts the work of all workers.
type meter struct {
	start                    time.Time
	metadata, content, bytes atomic.Int64
	queue                    atomic.Pointer[queue]
	earlier                  atomic.Int64
}

func (m *meter) stats() Stats {
	return Stats{Metadata: m.metadata.Load(), Content: m.content.Load(), Bytes: m.bytes.Load(),
		Elapsed: time.Since(m.start)}
}

// follow counts the total from q on: what an earlier source brought stays counted.
func (m *meter) follow(q *queue) {
	m.earlier.Store(m.metadata.Load() + m.content.Load())
	m.queue.Store(q)
}

func (m *meter) progress() Progress {
	p := Progress{Objects: m.metadata.Load() + m.content.Load(), Bytes: m.bytes.Load(),
		Elapsed: time.Since(m.start)}
	p.TotalObjects = m.earlier.Load()
	if q := m.queue.Load(); q != nil {
		p.TotalObjects += q.total()
	}
	p.TotalObjects = max(p.TotalObjects, p.Objects)
	return p
}

// report calls f regularly, and a last time from the function it returns, which
// must be called once. Calls never overlap.
func (m *meter) report(f func(Progress)) func() {
	if f == nil {
		return func() {}
	}
	stop := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		tick := time.NewTicker(progressInterval)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				f(m.progress())
			}
		}
	})
	return func() {
		close(stop)
		running.Wait()
		f(m.progress())
	}
}
