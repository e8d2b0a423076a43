package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/sotabox/sotabox/internal/state"
	"github.com/sotabox/sotabox/ostreelite/object"
)

// Rollback marks the pending target, or the running one if nothing is pending,
// as a failing one and installs the last target that worked. Only the latter
// downloads, if need be. Errors: ErrNoRollbackTarget, ErrRollbackFailed, and
// those of Update.
func (c *Client) Rollback(ctx context.Context) (Outcome, error) {
	current := c.Current()
	if p := c.state.Pending; p != nil {
		if !p.WayBack {
			return c.undo(ctx)
		}
		if outcome, resumed, err := c.Resume(ctx); resumed {
			return outcome, err
		}
		return NeedsReboot, nil
	}
	target, ok := c.state.RollbackTarget(current.Name)
	if !ok {
		return Done, fmt.Errorf("rolling back from %s: %w", current.Name, ErrNoRollbackTarget)
	}
	reason := rollbackReason(current, target)
	if err := c.save(c.state.FailedTarget(current, reason)); err != nil {
		return Done, err
	}
	return c.Update(ctx, Selection{Action: RollBack, Target: target, Reason: reason})
}

// undo gives up an installation that was not finished. The way back is an
// installation of its own that `run` ends, also where the old system still
// runs: scripts count on that.
func (c *Client) undo(ctx context.Context) (Outcome, error) {
	p := c.state.Pending
	target, ok := c.state.RollbackTarget(p.Name)
	if !ok {
		return Done, fmt.Errorf("rolling back from %s: %w", p.Name, ErrNoRollbackTarget)
	}
	commit, err := object.ParseChecksum(target.Commit)
	if err != nil {
		return Done, fmt.Errorf("rolling back to %s: %w", target.Name, err)
	}
	cause := errors.New(rollbackReason(p.Target, target))
	c.report.completed(p.Target, p.CorrelationID, cause)
	// One write gives up the old installation and begins the way back.
	id := correlationID(target)
	if err := c.begin(c.state.FailedTarget(p.Target, cause.Error()), state.Pending{Target: target, CorrelationID: id, WayBack: true}); err != nil {
		return Done, err
	}
	c.report.installEnded(ctx, p.Target, cause)
	c.report.installStarted(ctx, target, id)
	if err := c.makeDefault(ctx, commit); err != nil {
		return Done, fmt.Errorf("rolling back to %s: %w: %w", target.Name, ErrRollbackFailed, err)
	}
	return NeedsReboot, c.deployed(ctx)
}

func rollbackReason(bad, target Target) string {
	return fmt.Sprintf("Rolling back from %s to %s", bad.Name, target.Name)
}
