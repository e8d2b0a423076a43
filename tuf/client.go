package tuf

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Config says what a Client works with.
type Config struct {
	// Source is where Refresh gets metadata from. Stored does not need it.
	Source Source
	// Dir is the directory of the store. Refresh creates it.
	Dir string
	// RootDir is the directory with provisioned roots, in prod/ and ci/. "" or a missing one: there are none.
	RootDir string
	// Production tells whether the device certificate marks a production device; nil without a certificate.
	Production *bool
	// Now is the clock that expiry is judged by; time.Now if nil. If it is behind a time that is known to be past, that is
	// taken instead, and the log says so: the last time that metadata was stored, and NotBefore.
	Now func() time.Time
	// NotBefore is a time that is certainly past, such as when the running system was built; zero: none is known.
	NotBefore time.Time
	// Log gets what an operator should know, above all trust on first use; discarded if nil.
	Log *slog.Logger
}

// Client keeps the metadata of one repository. Its methods may run at the same time, also in several processes.
type Client struct {
	cfg Config
}

// New returns a client. It does not touch the disk or the source.
func New(cfg Config) (*Client, error) {
	if cfg.Dir == "" {
		return nil, errors.New("tuf: a client needs a directory for its store")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Client{cfg: cfg}, nil
}

// Trusted is a verified set of metadata.
type Trusted struct {
	RootVersion, TimestampVersion, SnapshotVersion, TargetsVersion int64
	// Expires is when the first of the four documents expires.
	Expires time.Time
	// Targets is sorted by name.
	Targets []Target
	// Skipped lists the entries that are not in Targets because they are malformed.
	Skipped []SkippedTarget
	// Changed tells whether Refresh stored something new; Stored leaves it false.
	Changed bool
}

// Stored verifies what an earlier Refresh stored and returns it. It writes nothing and asks no source.
//
// Nothing stored is ErrNoMetadata. A set of which a document is expired is returned together with an error in class
// ErrExpired, so the caller may look at it; with every other error, Trusted is nil: ErrInvalid if it does not verify,
// ErrStorage if it cannot be read.
func (c *Client) Stored(ctx context.Context) (*Trusted, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStorage, err)
	}
	s, err := openStore(c.cfg.Dir)
	if err != nil {
		return nil, err
	}
	defer s.close()
	stored, err := s.load()
	if err != nil {
		return nil, err
	}
	d, err := verifySet(stored)
	if err != nil {
		return nil, fmt.Errorf("stored metadata in %s does not verify: %w", c.cfg.Dir, err)
	}
	return newTrusted(d), expired(d, c.now(stored), roleRoot, roleTimestamp, roleSnapshot, roleTargets)
}

// verifySet verifies a whole set with the keys of its own root, apart from expiry.
func verifySet(s *set) (dialect, error) {
	d, err := openRoot(s.root, time.Time{})
	if err != nil {
		return nil, err
	}
	if _, err := d.updateTimestamp(s.timestamp); err != nil {
		return nil, err
	}
	if err := d.updateSnapshot(s.snapshot); err != nil {
		return nil, err
	}
	if err := d.updateTargets(s.targets); err != nil {
		return nil, err
	}
	return d, nil
}

func newTrusted(d dialect) *Trusted {
	t := &Trusted{}
	for role, version := range map[string]*int64{
		roleRoot: &t.RootVersion, roleTimestamp: &t.TimestampVersion, roleSnapshot: &t.SnapshotVersion, roleTargets: &t.TargetsVersion,
	} {
		var expires time.Time
		*version, expires = d.current(role)
		if t.Expires.IsZero() || expires.Before(t.Expires) {
			t.Expires = expires
		}
	}
	t.Targets, t.Skipped = d.targets()
	return t
}

// expired returns an error for the first of the roles whose current document is expired. A document is good until just
// before the second it expires: TUF specification, 5.3.10.
func expired(d dialect, now time.Time, roles ...string) error {
	for _, role := range roles {
		if version, expires := d.current(role); !now.Before(expires) {
			return &Error{Role: role, Version: version, Class: ErrExpired, Reason: "expired on " + expires.UTC().Format(TimeFormat)}
		}
	}
	return nil
}
