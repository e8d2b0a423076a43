package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/sotabox/sotabox/internal/config"
	"github.com/sotabox/sotabox/internal/state"
	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/sysroot"
)

// Update pulls and installs the selected target as one update: the gateway
// sees one correlation id. Errors: those of Pull and of Install.
func (c *Client) Update(ctx context.Context, sel Selection) (Outcome, error) {
	if err := c.ready(); err != nil {
		return Done, err
	}
	id := correlationID(sel.Target)
	if err := c.pull(ctx, sel, id); err != nil {
		return Done, err
	}
	return c.install(ctx, sel, id)
}

// Install deploys a target that was pulled. If it cannot be deployed it is
// marked as a failing one and the device stays with what it runs. Errors:
// ErrInstallationPending, ErrNotPulled, ErrNoSpace, ErrRolledBack,
// ErrRollbackFailed, ErrUnsupported.
func (c *Client) Install(ctx context.Context, sel Selection) (Outcome, error) {
	if err := c.ready(); err != nil {
		return Done, err
	}
	return c.install(ctx, sel, correlationID(sel.Target))
}

// ready refuses to begin anything while an installation waits for its end.
func (c *Client) ready() error {
	if p := c.state.Pending; p != nil {
		return fmt.Errorf("%s is installed and not finished: %w; reboot and run 'aktualizr-lite run'", p.Name, ErrInstallationPending)
	}
	return nil
}

// supported refuses what this build cannot do before anything changes.
func (c *Client) supported(t Target) error {
	if mode := c.config.Bootloader.RollbackMode; mode != config.RollbackNone {
		return fmt.Errorf("rollback_mode = %q in section [bootloader] is %w by this build; set it to none", mode, ErrUnsupported)
	}
	if c.config.Pacman.Type != config.TypeOSTreeApps {
		return nil
	}
	for _, app := range Apps(t) {
		if c.AppEnabled(app.Name) {
			return fmt.Errorf("app %s of target %s: compose apps are %w by this build; set compose_apps = \"\" or type = \"ostree\" in section [pacman]",
				app.Name, t.Name, ErrUnsupported)
		}
	}
	return nil
}

func (c *Client) install(ctx context.Context, sel Selection, correlationID string) (Outcome, error) {
	t := sel.Target
	if err := c.supported(t); err != nil {
		return Done, err
	}
	commit, err := object.ParseChecksum(t.Commit)
	if err != nil {
		return Done, fmt.Errorf("target %s: %w: %w", t.Name, ErrMetadataInvalid, err)
	}
	if have, err := c.pulled(commit); err != nil {
		return Done, err
	} else if !have {
		return Done, fmt.Errorf("installing %s: %w; pull it first", t.Name, ErrNotPulled)
	}
	c.report.installStarted(ctx, t, correlationID)
	outcome, err := c.deploy(ctx, sel, commit, correlationID)
	if err != nil {
		return Done, c.notDeployed(ctx, t, correlationID, err)
	}
	return outcome, nil
}

// notDeployed ends an installation that failed before the reboot. Unless the
// target is not to blame it becomes a failing one and the device stays with
// what it runs.
func (c *Client) notDeployed(ctx context.Context, t Target, correlationID string, cause error) error {
	cause = errors.Join(fmt.Errorf("installing %s: %w", t.Name, cause), c.abandon())
	if blameless(ctx, cause) {
		c.report.completed(t, correlationID, cause)
		c.report.installEnded(ctx, t, cause)
		return cause
	}
	if err := c.fail(ctx, t, correlationID, cause); err != nil {
		return errors.Join(cause, err)
	}
	return c.stay(ctx, cause)
}

// blameless reports whether err says nothing about the target, which may then
// be tried again: no room, an interruption, another program at the sysroot.
func blameless(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, ErrNoSpace) || errors.Is(err, sysroot.ErrLocked)
}

// deploy makes t what boots next. The sentinel and the intent are durable
// before the sysroot changes, so that a cut at any moment is understood later;
// see Resume.
func (c *Client) deploy(ctx context.Context, sel Selection, commit object.Checksum, correlationID string) (Outcome, error) {
	if sel.Target.Commit == runningCommit(c.boot, c.state) {
		return Done, c.finish(ctx, sel.Target, correlationID)
	}
	pending := state.Pending{Target: sel.Target, CorrelationID: correlationID, WayBack: sel.Action == RollBack}
	if err := c.begin(c.state, pending); err != nil {
		return Done, err
	}
	if err := c.makeDefault(ctx, commit); err != nil {
		return Done, err
	}
	return NeedsReboot, c.deployed(ctx)
}

// begin makes the intent to install p durable, on top of the state s.
func (c *Client) begin(s state.State, p state.Pending) error {
	if err := c.setSentinel(); err != nil {
		return err
	}
	p.BootID, p.Since = c.boot.bootID, c.now().UTC()
	return c.save(s.Begin(p))
}

// makeDefault makes commit boot next. What runs now needs no new deployment:
// its own, with its /etc, is put first again.
func (c *Client) makeDefault(ctx context.Context, commit object.Checksum) (err error) {
	if d, ok := c.deploymentOf(commit); ok && commit.String() == runningCommit(c.boot, c.state) {
		err = c.sysroot.SetDefault(ctx, d)
	} else {
		_, err = c.sysroot.Deploy(ctx, sysroot.Request{OS: c.config.Pacman.OS, Commit: commit, Refspec: commit.String()})
	}
	c.readBoot()
	return err
}

// bootRunning makes what runs now boot next.
func (c *Client) bootRunning(ctx context.Context) error {
	running := runningCommit(c.boot, c.state)
	if running == c.boot.defaultCommit {
		return nil
	}
	commit, err := object.ParseChecksum(running)
	if err != nil {
		return fmt.Errorf("running commit: %w", err)
	}
	return c.makeDefault(ctx, commit)
}

// deploymentOf finds a deployment of commit in our stateroot, best the booted one.
func (c *Client) deploymentOf(commit object.Checksum) (sysroot.Deployment, bool) {
	if d, ok := c.sysroot.Booted(); ok && d.Commit == commit {
		return d, true
	}
	for _, d := range c.sysroot.Deployments() {
		if d.OS == c.config.Pacman.OS && d.Commit == commit {
			return d, true
		}
	}
	return sysroot.Deployment{}, false
}

// deployed ends the first half of an update: everyone is told, then the state
// says that a reboot is awaited. A cut in between repeats the telling.
func (c *Client) deployed(ctx context.Context) error {
	p := c.state.Pending
	c.report.installApplied(ctx, p.Target, p.CorrelationID)
	return c.save(c.state.Deployed())
}

// finish makes t the current target: it runs. The report is queued first: a
// cut in between repeats it, the other order would lose it.
func (c *Client) finish(ctx context.Context, t Target, correlationID string) error {
	c.report.completed(t, correlationID, nil)
	if err := c.save(c.state.Installed(t)); err != nil {
		return err
	}
	c.clearSentinel()
	c.describeToGateway()
	c.report.installEnded(ctx, t, nil)
	return nil
}

// fail marks t as a failing target.
func (c *Client) fail(ctx context.Context, t Target, correlationID string, cause error) error {
	c.report.completed(t, correlationID, cause)
	if err := c.save(c.state.FailedTarget(t, cause.Error())); err != nil {
		return err
	}
	c.report.installEnded(ctx, t, cause)
	return nil
}

// abandon forgets an installation that left the sysroot as it was.
func (c *Client) abandon() error {
	next := c.state
	next.Pending = nil
	c.clearSentinel()
	return c.save(next)
}

// stay makes sure, after a failed installation, that the device boots what it
// runs, and reports how that went as an installation of its own.
func (c *Client) stay(ctx context.Context, cause error) error {
	current := c.Current()
	id := correlationID(current)
	c.report.installStarted(ctx, current, id)
	err := c.bootRunning(ctx)
	c.report.completed(current, id, err)
	c.report.installEnded(ctx, current, err)
	if err != nil {
		return fmt.Errorf("%w: %w: %w", cause, ErrRollbackFailed, err)
	}
	return fmt.Errorf("%w: %w to %s", cause, ErrRolledBack, current.Name)
}
