package pull

import (
	"sync/atomic"
	"time"
)

// trips remembers the shortest time from a request to the head of its response,
// which is that of the way there and back once connections are kept.
type trips struct{ shortest atomic.Int64 }

func (t *trips) note(d time.Duration) {
	for {
		now := t.shortest.Load()
		if now != 0 && now <= int64(d) || t.shortest.CompareAndSwap(now, int64(d)) {
			return
		}
	}
}

func (t *trips) least() time.Duration { return time.Duration(t.shortest.Load()) }

const (
	// leastWorkers is libostree's number of requests in flight.
	leastWorkers = 8
	// mostWorkers bounds memory: a connection with TLS takes some 100 KiB.
	mostWorkers = 56
	// objectRate is how many objects a second small devices can take in.
	objectRate = 1100
)

// workersFor is how many requests to have in flight where one takes at least as
// long as trip: a link with a long round trip needs many of them to be kept
// busy, one without gains nothing from them. The least of the times is used
// because a mean grows with the number of requests, and so would the number.
func workersFor(trip time.Duration) int {
	return min(max(int(trip.Seconds()*objectRate), leastWorkers), mostWorkers)
}
