package pull

import (
	"crypto/ed25519"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/sotabox/sotabox/ostreelite/object"
)

const (
	defaultIdleTimeout = 30 * time.Second
	defaultRetryDelay  = 500 * time.Millisecond
)

// Remote is an archive repository behind a web server.
type Remote struct {
	// URL is that of the repository's directory, http or https.
	URL string
	// ContentURL, if not empty, is where the objects are; the config file and
	// detached metadata come from URL all the same.
	ContentURL string
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
	// DeltaFrom are the commits that a static delta may start from, the best first.
	// Nil means those that refs of the repository name.
	DeltaFrom []object.Checksum
	// NoDeltas fetches objects even where a remote has a static delta.
	NoDeltas bool
	// Keys, if there are any, are the ed25519 keys of which one must have signed
	// the commit; otherwise it is an ErrSignature before anything of the commit is
	// fetched. The detached metadata, which has the signatures, is kept.
	Keys []ed25519.PublicKey
	// Workers is the number of requests in flight. 0 is for 8, and more, up to 56,
	// the longer the round trip to the server takes.
	Workers int
	// MaxRate is the limit of what comes over all connections together, in bytes a
	// second; 0 is none.
	MaxRate int64
	// IdleTimeout is how long a server may send nothing, 30 s if 0.
	IdleTimeout time.Duration
	// RetryDelay is the wait before the second attempt, doubled for each after it
	// (five in all); 500 ms if 0.
	RetryDelay time.Duration
	// Progress is called about ten times a second and once at the end, never
	// from two goroutines at once.
	Progress func(Progress)
	// Log hears of retries and of remotes given up for the next; nil is silence.
	Log *slog.Logger
}

func (o *Options) complete() error {
	if o.Commit.IsZero() {
		return errors.New("pull: no commit named")
	}
	if len(o.Remotes) == 0 {
		return errors.New("pull: no remote named")
	}
	o.fill()
	return nil
}

// fill sets what has a default.
func (o *Options) fill() {
	if o.IdleTimeout <= 0 {
		o.IdleTimeout = defaultIdleTimeout
	}
	if o.RetryDelay <= 0 {
		o.RetryDelay = defaultRetryDelay
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}
