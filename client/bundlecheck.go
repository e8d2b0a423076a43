package client

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/sotabox/sotabox/client/bundle"
	"github.com/sotabox/sotabox/internal/config"
	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/tuf"
)

// checkInBundle is checkIn with a bundle. There is nothing to fall back on: what
// the device remembers does not tell whether this bundle may be used.
func (c *Client) checkInBundle(ctx context.Context) (result CheckInResult, details string, err error) {
	trusted, err := c.verifyBundle(ctx)
	if err != nil {
		return CheckInResult{}, "", err
	}
	targets, err := c.candidates(trusted)
	if err == nil {
		targets, err = c.inBundle(ctx, targets)
	}
	return CheckInResult{Targets: targets, Fresh: true}, changes(trusted), classifyBundle(err, ErrMetadataNotFound, ErrBundle)
}

// storedInBundle leaves of the targets of the stored metadata those that the
// bundle has the content of. Errors: ErrNoContent, also for what is no bundle.
func (c *Client) storedInBundle(ctx context.Context, targets []Target) ([]Target, error) {
	targets, err := c.inBundle(ctx, targets)
	return targets, classifyBundle(err, ErrNoContent, ErrNoContent)
}

// classifyBundle gives an error the class absent if there is no bundle, and
// malformed if it is none.
func classifyBundle(err, absent, malformed error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %w", absent, err)
	case errors.Is(err, bundle.ErrMalformed):
		return fmt.Errorf("%w: %w", malformed, err)
	}
	return err
}

func (c *Client) verifyBundle(ctx context.Context) (*tuf.Trusted, error) {
	// It may be another one by now; a stream can only be what it was.
	if b := c.offline.opened; b != nil && !b.IsStream() {
		if err := c.closeBundle(); err != nil {
			return nil, err
		}
	}
	b, err := c.openBundle(ctx)
	if err != nil {
		return nil, classifyBundle(err, ErrMetadataNotFound, ErrBundle)
	}
	client, err := c.metadata(b.Metadata())
	if err != nil {
		return nil, err
	}
	_, trusted, err := client.CheckBundle(ctx, tuf.BundleOptions{
		Tags: c.config.Pacman.Tags, AllowUnsigned: c.config.Pacman.AllowUnsignedBundle,
	})
	if err != nil {
		return nil, fmt.Errorf("bundle %s: %w", b.Path(), err)
	}
	return trusted, nil
}

// inBundle leaves of the targets those that the bundle has the content of. What a
// stream holds is known only when it was read; until then it is taken at its word.
// Errors: ErrNoContent, if none is left.
func (c *Client) inBundle(ctx context.Context, targets []Target) ([]Target, error) {
	b, err := c.openBundle(ctx)
	if err != nil {
		return nil, err
	}
	if b.IsStream() && !c.offline.CheckOnly {
		return targets, nil
	}
	index, err := b.Index(ctx)
	if err != nil {
		return nil, err
	}
	return c.withContent(targets, index, b.Path())
}

// withContent leaves of the targets those that the bundle with this index has in
// full.
func (c *Client) withContent(targets []Target, index *bundle.Index, path string) ([]Target, error) {
	has := contents{
		commit: func(s string) bool {
			commit, err := object.ParseChecksum(s)
			return err == nil && index.Commits[commit]
		},
		app: func(uri string) bool { return index.Apps[uri] },
	}
	needed := func(app string) bool {
		return c.config.Pacman.Type == config.TypeOSTreeApps && c.AppEnabled(app)
	}
	var there []Target
	var lacking string // of the last one, which is the highest version
	for _, t := range targets {
		what := missing(t, has, needed)
		if what == "" {
			there = append(there, t)
			continue
		}
		lacking = t.Name + ": " + what
		c.log.Debug("the bundle lacks content", "target", t.Name, "missing", what)
	}
	if len(there) == 0 {
		return nil, fmt.Errorf("bundle %s: %s: %w", path, lacking, ErrNoContent)
	}
	return there, nil
}
