package aktualizrlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sotabox/sotabox/applets/exitcode"
	"github.com/sotabox/sotabox/client"
)

type (
	finder func(context.Context) (client.CheckInResult, error)
	actor  func(context.Context, client.Selection) (client.Outcome, error)
)

// returnOnSleep is the variable that test suites set so that the daemon ends
// where it would sleep.
const returnOnSleep = "AKLITE_TEST_RETURN_ON_SLEEP"

// daemon polls until it is told to end or an update needs a reboot.
func (i *invocation) daemon() (int, error) {
	interval := i.interval
	if interval == 0 {
		interval = i.client.PollingInterval()
	}
	outcome, err := i.client.Finalize(i.ctx)
	switch {
	case errors.Is(err, client.ErrNothingPending):
	case err != nil:
		// The device runs something; the next poll decides what it should run.
		i.log.Error(err.Error())
	case outcome == client.NeedsReboot:
		return 0, fmt.Errorf("finishing the last update: %w; reboot first", client.ErrInstallationPending)
	}
	for {
		outcome, err := i.poll()
		if i.ctx.Err() != nil {
			return exitcode.OK, nil
		}
		if err != nil {
			i.log.Error(err.Error())
		}
		if outcome == client.NeedsReboot || errors.Is(err, client.ErrRollbackNeedsReboot) {
			return exitcode.OK, i.client.Reboot(i.ctx)
		}
		if i.Getenv(returnOnSleep) != "" {
			return exitcode.OK, nil
		}
		select {
		case <-i.ctx.Done():
			return exitcode.OK, nil
		case <-time.After(interval):
		}
	}
}

func (i *invocation) poll() (client.Outcome, error) {
	if outcome, resumed, err := i.client.Resume(i.ctx); err != nil || resumed {
		return outcome, err
	}
	found, err := i.client.CheckIn(i.ctx)
	if err != nil {
		return client.Done, err
	}
	sel, err := i.client.Select(found, client.Want{})
	if err != nil {
		return client.Done, err
	}
	if sel.Action == client.NoUpdate {
		return client.Done, i.upToDate(sel)
	}
	return i.client.Update(i.ctx, sel)
}
