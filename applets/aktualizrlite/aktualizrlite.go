// Package aktualizrlite is the command that scripts and services of the C++
// client call: its commands, flags, output and exit codes over the client API.
package aktualizrlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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
	return applet.Applet{Name: "aktualizr-lite", Summary: "update this device, by command or as a daemon", Main: run}
}

// invocation is one command at work.
type invocation struct {
	applet.Call
	options
	ctx    context.Context
	log    *slog.Logger
	meter  *progress.Meter
	client *client.Client
}

func run(call applet.Call) int {
	o, err := parse(call.Args)
	if err != nil {
		fmt.Fprintf(call.Stderr, "aktualizr-lite: %v\n", err)
		return exitcode.Failure
	}
	switch {
	case o.version:
		fmt.Fprintln(call.Stdout, "aktualizr-lite (sotabox)", call.Version)
		return exitcode.OK
	case o.help || o.command == "":
		writeHelp(call.Stdout)
		return exitcode.OK
	}
	for _, c := range commands() {
		if c.name == o.command {
			return execute(call, o, c)
		}
	}
	fmt.Fprintf(call.Stderr, "aktualizr-lite: unknown command %q; see aktualizr-lite --help\n", o.command)
	return exitcode.Failure
}

func execute(call applet.Call, o options, c command) int {
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM)
	defer stop()
	code, err := open(ctx, call, o, c)
	if err != nil {
		fmt.Fprintf(call.Stderr, "aktualizr-lite: %s: %v\n", c.name, err)
		if code == exitcode.OK {
			code = exitcode.OfError(err)
		}
	}
	return code
}

func open(ctx context.Context, call applet.Call, o options, c command) (code int, err error) {
	level, log := new(slog.LevelVar), (*slog.Logger)(nil)
	level.Set(o.level(logging.LevelInfo))
	log = logging.New(call.Stderr, level)
	meter := progress.New(call.Stderr, log)
	agent, err := client.Open(client.Options{
		ConfigPaths: o.configs, ReadOnly: c.readOnly, Log: log, Version: call.Version,
		Progress: func(p client.Progress) {
			if log.Enabled(ctx, logging.LevelInfo) {
				meter.Show(p)
			}
		},
	})
	if err != nil {
		return 0, err
	}
	defer func() {
		meter.Done()
		err = errors.Join(err, agent.Close())
	}()
	if configured, err := logging.Level(agent.LogLevel()); err == nil {
		level.Set(o.level(configured))
	}
	if c.usesSource() {
		if err := agent.UseBundle(client.BundleOptions{Path: o.srcDir}); err != nil {
			return 0, err
		}
	}
	return c.run(&invocation{Call: call, options: o, ctx: ctx, log: log, meter: meter, client: agent})
}

// level is the threshold of the log: what --loglevel says, silence for JSON,
// else what is configured.
func (o options) level(configured slog.Level) slog.Level {
	if o.logLevel >= 0 {
		level, _ := logging.Level(o.logLevel)
		return level
	}
	if o.json {
		return logging.LevelFatal
	}
	return configured
}

// usesSource reports whether the command would read an offline bundle; the
// others accept --src-dir and ignore it.
func (c command) usesSource() bool {
	switch c.name {
	case "check", "list", "pull", "install", "update", "rollback":
		return true
	}
	return false
}
