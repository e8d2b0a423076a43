// Package sotactl is the example of a custom update agent: a daemon, and its
// steps as commands, in as little code over the client API as that takes.
package sotactl

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/applets/applet"
	"github.com/sotabox/sotabox/applets/exitcode"
	"github.com/sotabox/sotabox/applets/progress"
	"github.com/sotabox/sotabox/client"
	"github.com/sotabox/sotabox/internal/logging"
)

// Applet is the entry of the applet table.
func Applet() applet.Applet {
	return applet.Applet{Name: "sotactl", Summary: "a small update agent: the example of a custom one", Main: run}
}

const usage = `Usage:
  sotactl [check|install|run|pull|daemon] [options]

Commands (default: daemon):
  check     refresh the metadata and tell whether there is an update
  pull      download a target: the one named, else the latest
  install   install the target that was pulled
  run       finish the installation after the reboot
  daemon    do all of this again and again

Options:
  -t, --target NAME   the target for pull and install; may also follow the command
  -s, --src-dir DIR   update from an offline bundle: a directory, or an archive of one
  -h, --help          print this text

AKLITE_CONFIG_DIR names the configuration directory.
`

// configDirVariable replaces the places of the configuration.
const configDirVariable = "AKLITE_CONFIG_DIR"

func run(call applet.Call) int {
	o, err := parse(call.Args)
	switch {
	case err != nil:
		fmt.Fprintf(call.Stderr, "sotactl: %v\n", err)
		return exitcode.Failure
	case o.help:
		fmt.Fprint(call.Stdout, usage)
		return exitcode.OK
	}
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM)
	defer stop()
	text, err := work(ctx, call, o)
	if err != nil {
		fmt.Fprintf(call.Stdout, "FAILURE: %v\n", err)
		return exitcode.Failure
	}
	fmt.Fprintf(call.Stdout, "SUCCESS: %s\n", text)
	return exitcode.OK
}

func work(ctx context.Context, call applet.Call, o options) (text string, err error) {
	log := logging.New(call.Stderr, logging.LevelInfo)
	meter := progress.New(call.Stderr, log)
	open := client.Options{Log: log, Version: call.Version, Progress: meter.Show}
	if dir := call.Getenv(configDirVariable); dir != "" {
		open.ConfigPaths = []string{dir}
	}
	c, err := client.Open(open)
	if err != nil {
		return "", err
	}
	defer func() {
		meter.Done()
		err = errors.Join(err, c.Close())
	}()
	if err := c.UseBundle(client.BundleOptions{Path: o.srcDir}); err != nil {
		return "", err
	}
	switch o.command {
	case "check":
		return check(ctx, c)
	case "pull":
		return pull(ctx, c, o.want)
	case "install":
		return install(ctx, c, o.want)
	case "run":
		return finish(ctx, c)
	}
	return daemon(ctx, c, log.Error)
}

func check(ctx context.Context, c *client.Client) (string, error) {
	found, err := c.CheckIn(ctx)
	if err != nil {
		return "", err
	}
	sel, err := c.Select(found, client.Want{})
	if err != nil || sel.Action == client.NoUpdate {
		return "the device is up to date", err
	}
	return sel.Reason, nil
}

func pull(ctx context.Context, c *client.Client, want client.Want) (string, error) {
	sel, err := stored(ctx, c, want)
	if err != nil || sel.Action == client.NoUpdate {
		return "nothing to pull", err
	}
	return "pulled " + sel.Target.Name, c.Pull(ctx, sel)
}

func install(ctx context.Context, c *client.Client, want client.Want) (string, error) {
	outcome, resumed, err := c.Resume(ctx)
	if err != nil || resumed {
		return describe(outcome), err
	}
	sel, err := stored(ctx, c, want)
	if err != nil || sel.Action == client.NoUpdate {
		return "nothing to install", err
	}
	outcome, err = c.Install(ctx, sel)
	return describe(outcome), err
}

func stored(ctx context.Context, c *client.Client, want client.Want) (client.Selection, error) {
	found, err := c.Stored(ctx)
	if err != nil {
		return client.Selection{}, err
	}
	return c.Select(found, want)
}

func finish(ctx context.Context, c *client.Client) (string, error) {
	outcome, err := c.Finalize(ctx)
	return describe(outcome), err
}

// daemon updates the device as updates come, and reboots it when one needs that.
func daemon(ctx context.Context, c *client.Client, logError func(string, ...any)) (string, error) {
	if _, err := c.Finalize(ctx); err != nil && !errors.Is(err, client.ErrNothingPending) {
		logError(err.Error())
	}
	for {
		outcome, err := update(ctx, c)
		if err != nil && ctx.Err() == nil {
			logError(err.Error())
		}
		if outcome == client.NeedsReboot {
			return "reboot to finish the installation", c.Reboot(ctx)
		}
		select {
		case <-ctx.Done():
			return "stopped", nil
		case <-time.After(c.PollingInterval()):
		}
	}
}

func update(ctx context.Context, c *client.Client) (client.Outcome, error) {
	if outcome, resumed, err := c.Resume(ctx); err != nil || resumed {
		return outcome, err
	}
	found, err := c.CheckIn(ctx)
	if err != nil {
		return client.Done, err
	}
	sel, err := c.Select(found, client.Want{})
	if err != nil || sel.Action == client.NoUpdate {
		return client.Done, err
	}
	return c.Update(ctx, sel)
}

func describe(o client.Outcome) string {
	switch o {
	case client.NeedsReboot:
		return "installed, reboot and run 'sotactl run' to finish"
	case client.NeedsRun:
		return "installed, run 'sotactl run' to start the apps"
	}
	return "installed"
}
