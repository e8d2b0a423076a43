package events

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/internal/atomicfile"
)

const (
	// maxQueued bounds the queue of a device that is never online: a few hundred
	// failed updates. The oldest go first.
	maxQueued = 1000
	// maxEvent is the longest event, in bytes of JSON: one must fit a request.
	maxEvent = 64 << 10

	suffix = ".json"
)

// Queue is a directory of events not yet taken by the gateway. One process at a
// time may use it, the holder of the update lock; goroutines may share it.
type Queue struct {
	log *slog.Logger

	flushing sync.Mutex // held around a Flush, requests included
	mu       sync.Mutex // guards what follows and the directory
	dir      *os.File
	last     uint64 // number of the newest event
}

// Open opens the queue at path, creating the directory if it is missing. log may
// be nil.
func Open(path string, log *slog.Logger) (*Queue, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("open event queue: %w", err)
	}
	dir, err := os.OpenFile(path, os.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, fmt.Errorf("open event queue: %w", err)
	}
	q := &Queue{log: log, dir: dir}
	if err := q.prepare(); err != nil {
		dir.Close()
		return nil, fmt.Errorf("open event queue: %w", err)
	}
	return q, nil
}

func (q *Queue) prepare() error {
	if err := atomicfile.Sweep(q.dir); err != nil {
		return err
	}
	numbers, err := q.list()
	if n := len(numbers); n > 0 {
		q.last = numbers[n-1]
	}
	return err
}

// Close does not remove anything.
func (q *Queue) Close() error { return q.dir.Close() }

// Add appends e durably: when it returns nil, e survives a power cut.
func (q *Queue) Add(e Event) error {
	data, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("queue event: %w", err)
	}
	if len(data) > maxEvent {
		return fmt.Errorf("queue event %s: %d bytes, at most %d", e.EventType.ID, len(data), maxEvent)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	numbers, err := q.list()
	if err != nil {
		return fmt.Errorf("queue event: %w", err)
	}
	if excess := len(numbers) - maxQueued + 1; excess > 0 {
		q.log.Warn("event queue is full, dropping the oldest events", "dropped", excess)
		if err := q.remove(numbers[:excess]); err != nil {
			return fmt.Errorf("queue event: %w", err)
		}
	}
	q.last++
	if err := atomicfile.Write(q.dir, fileName(q.last), data, 0o600); err != nil {
		return fmt.Errorf("queue event: %w", err)
	}
	return nil
}

// Len is the number of events waiting.
func (q *Queue) Len() (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	numbers, err := q.list()
	return len(numbers), err
}

// list returns the numbers of the queued events in order. Files of other names
// are left alone.
func (q *Queue) list() ([]uint64, error) {
	if _, err := q.dir.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	names, err := q.dir.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	var numbers []uint64
	for _, name := range names {
		if n, ok := parseName(name); ok {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

// remove removes events durably, with a single sync.
func (q *Queue) remove(numbers []uint64) error {
	defer runtime.KeepAlive(q.dir)
	for _, n := range numbers {
		if err := unix.Unlinkat(int(q.dir.Fd()), fileName(n), 0); err != nil && err != unix.ENOENT {
			return fmt.Errorf("remove %s/%s: %w", q.dir.Name(), fileName(n), err)
		}
	}
	return q.dir.Sync()
}

func fileName(n uint64) string { return fmt.Sprintf("%020d%s", n, suffix) }

// parseName accepts exactly what fileName makes.
func parseName(name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, suffix)
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, ok && err == nil && name == fileName(n)
}
