package pull

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/sotabox/sotabox/ostreelite/object"
)

const (
	// defaultWorkers is libostree's number of requests in flight.
	defaultWorkers     = 8
	defaultIdleTimeout = 30 * time.Second
	defaultRetryDelay  = 500 * time.Millisecond
)

// Remote is an archive repository behind a web server.
type Remote struct {
	// URL is that of the repository's directory, http or https.
	URL string
	// Client makes the requests; nil is a plain one. Its TLS settings and proxy
	// are used, its total timeout and redirect policy are not: redirects are
	// followed within the host only.
	Client *http.Client
	// Header is sent with every request.
	Header http.Header
}

// Options say what to pull and from where.
type Options struct {
	// Remotes are tried in order. What one of them brought is not fetched again
	// from the next.
	Remotes []Remote
	// Commit to pull. Its parents are not.
	Commit object.Checksum
	// Ref, if not empty, is set to the commit when all of it is there.
	Ref string
	// Workers is the number of objects in flight, 8 if 0.
	Workers int
	// IdleTimeout is how long a server may send nothing, 30 s if 0.
	IdleTimeout time.Duration
	// RetryDelay is the wait before the second attempt, doubled for each after it
	// (five in all); 500 ms if 0.
	RetryDelay time.Duration
	// Progress is called about ten times a second and once at the end, never
	// from two goroutines at once.
	Progress func(Progress)
	// Log hears of retries and of remotes given up; nil is silence.
	Log *slog.Logger
}

func (o *Options) complete() error {
	if o.Commit.IsZero() {
		return errors.New("pull: no commit named")
	}
	if len(o.Remotes) == 0 {
		return errors.New("pull: no remote named")
	}
	if o.Workers <= 0 {
		o.Workers = defaultWorkers
	}
	if o.IdleTimeout <= 0 {
		o.IdleTimeout = defaultIdleTimeout
	}
	if o.RetryDelay <= 0 {
		o.RetryDelay = defaultRetryDelay
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}
