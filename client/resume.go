package client

import (
	"context"
	"fmt"

	"github.com/sotabox/sotabox/internal/state"
	"github.com/sotabox/sotabox/ostreelite/object"
)

// Resume completes an installation that was cut off, by a kill or a power cut,
// and reports whether there was one; it then is where Install would have left
// it. Call it before Update or Install: the same command, given again, ends the
// same way. Errors: ErrInstallationPending if an installation is complete and
// waits, else those of Install.
func (c *Client) Resume(ctx context.Context) (outcome Outcome, resumed bool, err error) {
	p := c.state.Pending
	if p == nil || p.Phase == state.Waiting {
		return Done, false, c.ready()
	}
	c.log.Warn("going on with an interrupted installation", "target", p.Name)
	if c.boot.defaultCommit != p.Commit {
		commit, err := object.ParseChecksum(p.Commit)
		if err != nil {
			return Done, true, fmt.Errorf("resuming the installation of %s: %w", p.Name, err)
		}
		if err := c.makeDefault(ctx, commit); err != nil {
			return Done, true, c.notDeployed(ctx, p.Target, p.CorrelationID, err)
		}
	} else {
		c.cleanup(ctx)
	}
	return NeedsReboot, true, c.deployed(ctx)
}

// settle ends an interrupted installation without a new deployment, for those
// who must not begin one: it counts as deployed if it boots next, and as never
// begun otherwise.
func (c *Client) settle(ctx context.Context) error {
	p := c.state.Pending
	if p == nil || p.Phase == state.Waiting {
		return nil
	}
	if c.boot.defaultCommit != p.Commit {
		if err := c.bootRunning(ctx); err != nil {
			return err
		}
	} else {
		c.cleanup(ctx)
	}
	if c.boot.defaultCommit != p.Commit {
		c.log.Warn("an interrupted installation was not deployed, forgetting it", "target", p.Name)
		return c.abandon()
	}
	return c.deployed(ctx)
}

// cleanup removes what the deployment before the cut no longer needed: until
// then it takes the room of the next one.
func (c *Client) cleanup(ctx context.Context) {
	if err := c.sysroot.Cleanup(ctx); err != nil {
		c.log.Warn("cleaning up after an interrupted installation failed; it is done again next time", "err", err)
	}
	c.readBoot()
}
