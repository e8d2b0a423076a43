package bundle

import (
	"time"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/pull"
)

// showEvery is the time between two reports of progress.
const showEvery = 100 * time.Millisecond

// meter counts what an import does.
type meter struct {
	show  func(pull.Progress)
	total int64
	start time.Time
	shown time.Time

	seen, metadata, content, bytes int64
}

func (m *meter) count(n object.Name, had bool, size int64) {
	m.seen++
	if !had {
		m.bytes += size
		if n.Type == object.TypeFile {
			m.content++
		} else {
			m.metadata++
		}
	}
	if now := time.Now(); m.show != nil && now.Sub(m.shown) >= showEvery {
		m.shown = now
		m.show(m.progress())
	}
}

// progress knows the total of an archive that was read before, not of a stream.
func (m *meter) progress() pull.Progress {
	return pull.Progress{
		Objects: m.seen, TotalObjects: max(m.total, m.seen), Bytes: m.bytes, Elapsed: time.Since(m.start),
	}
}

func (m *meter) done() {
	if m.show != nil {
		m.show(m.progress())
	}
}

func (m *meter) stats() pull.Stats {
	return pull.Stats{Metadata: m.metadata, Content: m.content, Bytes: m.bytes, Elapsed: time.Since(m.start)}
}
