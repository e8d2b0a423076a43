package pull

import (
	"context"
	"sync"
	"time"
)

// burst is how much of a second's bytes may come at once after a pause.
const burst = time.Second / 10

// rate is a token bucket that all connections of a pull share, in bytes. A nil
// rate has no limit.
type rate struct {
	perSecond float64
	mu        sync.Mutex
	// due is when the bytes taken so far are paid for.
	due time.Time
}

func newRate(bytesPerSecond int64) *rate {
	if bytesPerSecond <= 0 {
		return nil
	}
	return &rate{perSecond: float64(bytesPerSecond)}
}

// piece is how much to read at once, of max bytes: not much more than a burst.
func (r *rate) piece(max int) int {
	if r == nil {
		return max
	}
	return min(max, 1+int(r.perSecond*burst.Seconds()))
}

// wait takes n bytes, and the time that they are worth.
func (r *rate) wait(ctx context.Context, n int) error {
	if r == nil || n <= 0 {
		return nil
	}
	d := r.take(n, time.Now())
	if d <= 0 {
		return nil
	}
	return sleep(ctx, d)
}

// take says how long to wait after n bytes that came now.
func (r *rate) take(n int, now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if earliest := now.Add(-burst); r.due.Before(earliest) {
		r.due = earliest
	}
	r.due = r.due.Add(time.Duration(float64(n) / r.perSecond * float64(time.Second)))
	return r.due.Sub(now)
}
