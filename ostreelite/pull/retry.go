package pull

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/sotabox/sotabox/ostreelite/repo"
)

const (
	// maxTries is how often one object is requested while the trouble may pass.
	maxTries = 5
	// maxCorrupt is how often one object may arrive wrong.
	maxCorrupt = 3
	// maxRetryAfter caps what a server may ask us to wait, in seconds.
	maxRetryAfter = 30
)

// attempts counts what went wrong with one object.
type attempts struct{ failed, corrupt int }

// next decides what to do after an attempt that ended with err: whether to try
// again, and after how many steps of back-off (each doubles the delay).
func (a *attempts) next(err error) (again bool, step int) {
	switch {
	case errors.Is(err, errTransient):
		a.failed++
		return a.failed < maxTries, a.failed - 1
	case errors.Is(err, repo.ErrCorrupt):
		a.corrupt++
		return a.corrupt < maxCorrupt, a.corrupt - 1
	}
	return false, 0
}

// delay is base doubled step times, randomised by a quarter either way so that
// workers which failed together do not return together; at least what the
// server asked for.
func delay(base time.Duration, step int, err error) time.Duration {
	d := base << step
	d += time.Duration((rand.Float64() - 0.5) / 2 * float64(d))
	var s *statusError
	if errors.As(err, &s) {
		d = max(d, s.after)
	}
	return d
}

// sleep waits for d or until ctx ends, and then gives its cause.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
