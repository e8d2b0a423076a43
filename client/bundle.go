package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/sotabox/sotabox/client/bundle"
	"github.com/sotabox/sotabox/ostreelite/object"
)

// BundleOptions says where an offline bundle is.
type BundleOptions struct {
	// Path is a directory, an archive (tar, plain or packed with gzip or zstd), a
	// pipe, or "-" for Stdin.
	Path  string
	Stdin io.Reader
	// CheckOnly makes CheckIn read a stream to its end, to tell whether it holds
	// what it promises. Nothing can be pulled from it then.
	CheckOnly bool
}

// offline is where the agent takes updates from instead of the gateway.
type offline struct {
	BundleOptions
	// opened is nil until the bundle is needed.
	opened *bundle.Bundle
}

// UseBundle makes CheckIn, Stored, Pull, Update and Rollback take metadata and
// content from an offline bundle. It is opened when it is needed, and afresh by
// each CheckIn, so it may come later and be replaced. An empty path leads back to
// the gateway.
func (c *Client) UseBundle(o BundleOptions) error {
	err := c.closeBundle()
	c.offline = nil
	if o.Path != "" {
		c.offline = &offline{BundleOptions: o}
	}
	return err
}

// Offline reports whether updates come from a bundle.
func (c *Client) Offline() bool { return c.offline != nil }

func (c *Client) closeBundle() error {
	if c.offline == nil || c.offline.opened == nil {
		return nil
	}
	b := c.offline.opened
	c.offline.opened = nil
	return b.Close()
}

// openBundle opens the bundle, unless it is open.
func (c *Client) openBundle(ctx context.Context) (*bundle.Bundle, error) {
	if c.offline.opened == nil {
		b, err := bundle.Open(ctx, c.offline.Path, c.offline.Stdin)
		if err != nil {
			return nil, err
		}
		c.offline.opened = b
	}
	return c.offline.opened, nil
}

// fetchFromBundle brings the commit of a target onto the device. Errors are those
// of Pull.
func (c *Client) fetchFromBundle(ctx context.Context, t Target, commit object.Checksum) error {
	b, err := c.openBundle(ctx)
	if err == nil {
		o := bundle.PullOptions{Commit: commit, Progress: c.options.Progress, Log: c.log}
		stats, pullErr := b.Pull(ctx, c.sysroot.Repo(), o)
		if pullErr == nil {
			c.log.Info("pulled", "target", t.Name, "bundle", b.Path(), "objects", stats.Metadata+stats.Content, "bytes", stats.Bytes)
			return nil
		}
		err = pullErr
	}
	switch {
	case ctx.Err() != nil:
		return c.canceled(ctx, "pulling "+t.Name)
	case errors.Is(err, ErrNoSpace):
		return fmt.Errorf("pulling %s: %w", t.Name, err)
	case errors.Is(err, bundle.ErrIncomplete), errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("pulling %s: %w: %w", t.Name, ErrNoContent, err)
	}
	return fmt.Errorf("pulling %s: %w: %w", t.Name, ErrDownload, err)
}
