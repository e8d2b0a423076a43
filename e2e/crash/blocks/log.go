//go:build factory

package blocks

import "sync"

// Event is a write to a disk, or a flush of it.
type Event struct {
	Disk   int
	Flush  bool
	Offset int64
	Data   []byte
}

// Recorder holds disks and what was done to them.
type Recorder struct {
	mu     sync.Mutex
	disks  [][]byte
	events []Event
}

// NewRecorder makes disks with that content, which becomes the Recorder's.
func NewRecorder(disks ...[]byte) *Recorder { return &Recorder{disks: disks} }

// Len is how many events there are by now.
func (r *Recorder) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.events)
}

// Events are all events by now, the oldest first.
func (r *Recorder) Events() []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.events[:len(r.events):len(r.events)]
}

func (r *Recorder) write(disk int, offset int64, data []byte) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	image := r.disks[disk]
	if offset < 0 || offset > int64(len(image)) || int64(len(data)) > int64(len(image))-offset {
		return false
	}
	data = append([]byte(nil), data...)
	copy(image[offset:], data)
	r.events = append(r.events, Event{Disk: disk, Offset: offset, Data: data})
	return true
}

func (r *Recorder) flush(disk int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, Event{Disk: disk, Flush: true})
}

// read is short at the end of the disk.
func (r *Recorder) read(disk int, offset int64, into []byte) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	image := r.disks[disk]
	if offset < 0 || offset > int64(len(image)) {
		return nil
	}
	return into[:copy(into, image[offset:])]
}

func (r *Recorder) size(disk int) int64 { return int64(len(r.disks[disk])) }
