package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/pull"
)

// Pull downloads the selected target so that Install can work without network.
// It goes on where an interrupted pull stopped. Errors: ErrInstallationPending,
// ErrDownload, ErrNoSpace, ErrUnsupported, with a bundle also ErrNoContent.
func (c *Client) Pull(ctx context.Context, sel Selection) error {
	if err := c.ready(); err != nil {
		return err
	}
	return c.pull(ctx, sel, correlationID(sel.Target))
}

func (c *Client) pull(ctx context.Context, sel Selection, correlationID string) error {
	if err := c.supported(sel.Target); err != nil {
		return err
	}
	c.report.downloadStarted(ctx, sel.Target, correlationID, sel.Reason)
	err := c.fetch(ctx, sel.Target)
	c.report.downloadFinished(ctx, sel.Target, correlationID, err)
	return err
}

func (c *Client) fetch(ctx context.Context, t Target) error {
	commit, err := object.ParseChecksum(t.Commit)
	if err != nil {
		return fmt.Errorf("target %s: %w: %w", t.Name, ErrMetadataInvalid, err)
	}
	if have, err := c.pulled(commit); err != nil || have {
		return err
	}
	if err := c.applyReserve(); err != nil {
		return err
	}
	if c.offline != nil {
		return c.fetchFromBundle(ctx, t, commit)
	}
	if c.config.Pacman.OSTreeServer == "" {
		return fmt.Errorf("pulling %s: no ostree_server is configured in section [pacman]: %w", t.Name, ErrDownload)
	}
	if err := c.checkFits(ctx, t, commit); err != nil {
		return fmt.Errorf("pulling %s: %w", t.Name, err)
	}
	stats, err := pull.Pull(ctx, c.sysroot.Repo(), pull.Options{
		Remotes: c.remotes(ctx), Commit: commit, MaxRate: c.config.Pacman.OSTreeMaxRate,
		Progress: c.options.Progress, Log: c.log,
	})
	switch {
	case err == nil:
		c.log.Info("pulled", "target", t.Name, "objects", stats.Metadata+stats.Content, "bytes", stats.Bytes)
		return nil
	case ctx.Err() != nil:
		return c.canceled(ctx, "pulling "+t.Name)
	case errors.Is(err, ErrNoSpace):
		return fmt.Errorf("pulling %s: %w", t.Name, err)
	}
	return fmt.Errorf("pulling %s: %w: %w", t.Name, ErrDownload, err)
}

// pulled reports whether the commit and everything in it is on the device.
func (c *Client) pulled(commit object.Checksum) (bool, error) {
	r := c.sysroot.Repo()
	have, err := r.Has(object.Name{Type: object.TypeCommit, Checksum: commit})
	if err != nil || !have {
		return false, err
	}
	partial, err := r.IsPartial(commit)
	return err == nil && !partial, err
}
