// Package bundleapply installs an offline bundle in one go, on a device that
// nobody attends to or from a rescue system.
package bundleapply

import (
	"context"
	"errors"
	"fmt"
	"os/signal"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/applets/applet"
	"github.com/sotabox/sotabox/applets/exitcode"
	"github.com/sotabox/sotabox/applets/progress"
	"github.com/sotabox/sotabox/client"
	"github.com/sotabox/sotabox/internal/logging"
)

// Applet is the entry of the applet table.
func Applet() applet.Applet {
	return applet.Applet{Name: "bundle-apply", Summary: "install an offline bundle: a directory, an archive or a stream", Main: run}
}

func run(call applet.Call) int {
	o, err := parse(call.Args)
	switch {
	case err != nil:
		fmt.Fprintf(call.Stderr, "bundle-apply: %v\n", err)
		return exitcode.Failure
	case o.help:
		fmt.Fprint(call.Stdout, usage)
		return exitcode.OK
	}
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM)
	defer stop()
	code, err := work(ctx, call, o)
	if err != nil {
		fmt.Fprintf(call.Stderr, "bundle-apply: %v\n", err)
		if code == exitcode.OK {
			code = exitcode.OfError(err)
		}
	}
	return code
}

func work(ctx context.Context, call applet.Call, o options) (code int, err error) {
	log := logging.New(call.Stderr, logging.LevelInfo)
	meter := progress.New(call.Stderr, log)
	c, err := client.Open(client.Options{
		ConfigPaths: o.configs, Sysroot: o.sysroot, Log: log, Progress: meter.Show, Version: call.Version,
	})
	if err != nil {
		return 0, err
	}
	defer func() {
		meter.Done()
		err = errors.Join(err, c.Close())
	}()
	if err := c.UseBundle(client.BundleOptions{Path: o.bundle, Stdin: call.Stdin, CheckOnly: o.check}); err != nil {
		return 0, err
	}
	if o.check {
		return check(ctx, call, c, o.want)
	}
	outcome, err := apply(ctx, c, o.want)
	if err != nil {
		return 0, err
	}
	fmt.Fprintln(call.Stdout, describe(outcome))
	if outcome == client.NeedsReboot && o.reboot {
		err = c.RunRebootCommand(ctx)
	}
	return exitcode.OfOutcome(outcome), err
}

// check verifies the bundle and answers what apply would do.
func check(ctx context.Context, call applet.Call, c *client.Client, want client.Want) (int, error) {
	found, err := c.CheckIn(ctx)
	if err != nil {
		return 0, err
	}
	sel, err := c.Select(found, want)
	if err != nil {
		return 0, err
	}
	if sel.Action == client.NoUpdate {
		fmt.Fprintln(call.Stdout, "Nothing to install")
	} else {
		fmt.Fprintln(call.Stdout, sel.Reason)
	}
	return exitcode.OfSelection(sel.Action, found.Fresh), nil
}

func apply(ctx context.Context, c *client.Client, want client.Want) (client.Outcome, error) {
	if outcome, resumed, err := c.Resume(ctx); err != nil || resumed {
		return outcome, err
	}
	found, err := c.CheckIn(ctx)
	if err != nil {
		return client.Done, err
	}
	sel, err := c.Select(found, want)
	switch {
	case err != nil:
		return client.Done, err
	case sel.AlreadyInstalled():
		return client.Done, fmt.Errorf("%s: %w", sel.Target.Name, client.ErrAlreadyInstalled)
	case sel.Action == client.NoUpdate:
		return client.Done, nil
	}
	return c.Update(ctx, sel)
}

func describe(o client.Outcome) string {
	switch o {
	case client.NeedsReboot:
		return "Installed; reboot, then run 'aktualizr-lite run' to finish"
	case client.NeedsRun:
		return "Installed; run 'aktualizr-lite run' to start the apps"
	}
	return "Done"
}
