package aktualizrlite

import (
	"fmt"

	"github.com/sotabox/sotabox/applets/exitcode"
	"github.com/sotabox/sotabox/client"
)

func (i *invocation) check() (int, error) {
	found, err := i.client.CheckIn(i.ctx)
	if err != nil {
		return 0, err
	}
	return i.show(found)
}

func (i *invocation) list() (int, error) {
	found, err := i.client.Stored(i.ctx)
	if err != nil {
		return 0, err
	}
	return i.show(found)
}

// show prints the targets and answers what the agent would do with them.
func (i *invocation) show(found client.CheckInResult) (int, error) {
	sel, selectErr := i.client.Select(found, client.Want{})
	if i.json {
		if err := printJSON(i.Stdout, listed(i.client, found.Targets, sel)); err != nil {
			return 0, err
		}
	} else {
		printTargets(i.Stdout, i.client, found.Targets, sel)
	}
	if selectErr != nil {
		return 0, selectErr
	}
	return exitcode.OfSelection(sel.Action, found.Fresh), nil
}

func (i *invocation) status() (int, error) {
	s, err := i.client.Status(i.ctx)
	if err != nil {
		return 0, err
	}
	if i.json {
		return exitcode.OK, printJSON(i.Stdout, describeStatus(i.client, s))
	}
	printStatus(i.Stdout, i.client, s)
	return exitcode.OK, nil
}

func (i *invocation) pull() (int, error) {
	if _, resumed, err := i.client.Resume(i.ctx); err != nil {
		return 0, err
	} else if resumed {
		return 0, fmt.Errorf("pulling %s: %w; reboot and run 'aktualizr-lite run'", i.want, client.ErrInstallationPending)
	}
	found, err := i.client.Stored(i.ctx)
	if err != nil {
		return 0, err
	}
	sel, err := i.client.Select(found, i.want)
	if err != nil {
		return 0, err
	}
	if sel.Action == client.NoUpdate {
		return 0, i.upToDate(sel)
	}
	return exitcode.OK, i.client.Pull(i.ctx, sel)
}

func (i *invocation) install() (int, error) {
	return i.apply(i.client.Stored, i.client.Install)
}

func (i *invocation) update() (int, error) {
	return i.apply(i.client.CheckIn, i.client.Update)
}

func (i *invocation) apply(find finder, act actor) (int, error) {
	outcome, resumed, err := i.client.Resume(i.ctx)
	if err != nil {
		return 0, err
	}
	if !resumed {
		found, err := find(i.ctx)
		if err != nil {
			return 0, err
		}
		sel, err := i.client.Select(found, i.want)
		if err != nil {
			return 0, err
		}
		if sel.Action == client.NoUpdate {
			return 0, i.upToDate(sel)
		}
		if outcome, err = act(i.ctx, sel); err != nil {
			return 0, err
		}
	}
	i.tell(outcome)
	return exitcode.OfOutcome(outcome), nil
}

func (i *invocation) finalize() (int, error) {
	outcome, err := i.client.Finalize(i.ctx)
	if err != nil {
		return 0, err
	}
	i.tell(outcome)
	return exitcode.OfOutcome(outcome), nil
}

func (i *invocation) rollback() (int, error) {
	outcome, err := i.client.Rollback(i.ctx)
	if err != nil {
		return 0, err
	}
	i.tell(outcome)
	return exitcode.OfOutcome(outcome), nil
}

// upToDate ends a command that has nothing to do. To scripts, installing a bundle
// again is an error; a gateway with nothing new is not.
func (i *invocation) upToDate(sel client.Selection) error {
	if i.client.Offline() && sel.AlreadyInstalled() {
		return fmt.Errorf("%s: %w", sel.Target.Name, client.ErrAlreadyInstalled)
	}
	i.log.Info("the device is up to date", "target", i.client.Current().Name)
	return nil
}

// tell says in words what the exit code says in a number.
func (i *invocation) tell(o client.Outcome) {
	switch o {
	case client.NeedsReboot:
		i.log.Info("reboot, then run 'aktualizr-lite run' to finish")
	case client.NeedsRun:
		i.log.Info("run 'aktualizr-lite run' to start the apps")
	default:
		i.log.Info("done", "target", i.client.Current().Name)
	}
}
