package client

import (
	"context"
	"fmt"
)

// Finalize ends the update that was installed before the reboot: confirms it
// if the device runs it, marks it as a failing one if the device came back
// with something else. NeedsReboot means that the reboot has not happened.
// Errors: ErrNothingPending, ErrRolledBack.
func (c *Client) Finalize(ctx context.Context) (Outcome, error) {
	if err := c.settle(ctx); err != nil {
		return Done, err
	}
	p := c.state.Pending
	switch decideCompletion(c.boot, c.state) {
	case nothingPending:
		return Done, fmt.Errorf("finishing an installation: %w", ErrNothingPending)
	case rebootFirst:
		return NeedsReboot, nil
	case confirm:
		c.report.finalizing(ctx, p.Target)
		return Done, c.finish(ctx, p.Target, p.CorrelationID)
	}
	c.report.finalizing(ctx, p.Target)
	cause := fmt.Errorf("%s did not boot, the device runs %s", p.Name, c.Current().Name)
	// The boot loader fell back; the order on disk must not try the bad one
	// again. That comes first: once the target is no longer pending nobody would.
	bootErr := c.bootRunning(ctx)
	if bootErr != nil && ctx.Err() != nil {
		return Done, c.canceled(ctx, "going back to "+c.Current().Name)
	}
	if err := c.fail(ctx, p.Target, p.CorrelationID, cause); err != nil {
		return Done, err
	}
	c.clearSentinel()
	if bootErr != nil {
		return Done, fmt.Errorf("%w: %w: %w", cause, ErrRollbackFailed, bootErr)
	}
	return Done, fmt.Errorf("%w: %w", cause, ErrRolledBack)
}
