//go:build factory

package harness

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sotabox/sotabox/factory/cli"
)

type commandFunc = func(ts *testscript.TestScript, neg bool, args []string)

func commands() map[string]commandFunc {
	return map[string]commandFunc{
		"factory":         factoryCommand,
		"serve":           positive(0, func(ts *testscript.TestScript, _ []string) { worldOf(ts).serve(ts) }),
		"unserve":         positive(0, func(ts *testscript.TestScript, _ []string) { ts.Check(worldOf(ts).stop()) }),
		"device":          positive(-1, deviceCommand),
		"reboot":          positive(0, rebootCommand),
		"fall-back":       positive(0, fallBackCommand),
		"exit":            positive(-1, exitCommand),
		"fault":           positive(-1, faultCommand),
		"heal":            positive(0, func(ts *testscript.TestScript, _ []string) { worldOf(ts).running(ts).Heal() }),
		"forget":          positive(0, forgetCommand),
		"requests":        positive(2, requestsCommand),
		"await":           positive(2, awaitCommand),
		"events":          positive(-1, eventsCommand),
		"json":            positive(2, jsonCommand),
		"snapshot":        positive(-1, snapshotCommand),
		"unchanged":       positive(1, unchangedCommand),
		"same":            positive(2, sameCommand),
		"deployed":        positive(1, deployedCommand),
		"complaint":       positive(1, complaintCommand),
		"identity":        positive(1, identityCommand),
		"publish-hostile": positive(2, publishHostileCommand),
		"tamper":          positive(3, tamperCommand),
		"copytree":        positive(2, copyTreeCommand),
		"kill-after":      positive(-1, killAfterCommand),
		"persist":         positive(-1, persistCommand),
		"tmpfs":           positive(2, tmpfsCommand),
		"bundle":          positive(-1, bundleCommand),
		"pack":            positive(2, packCommand),
		"damage":          positive(3, damageCommand),
	}
}

// positive wraps a command that cannot be negated and takes count arguments,
// or any number if count is negative.
func positive(count int, do func(*testscript.TestScript, []string)) commandFunc {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg {
			ts.Fatalf("this command cannot be negated")
		}
		if count >= 0 && len(args) != count {
			ts.Fatalf("takes %d arguments, got %d", count, len(args))
		}
		do(ts, args)
	}
}

// factoryCommand is sotabox-factory with the factory's directory filled in.
// Trees are small unless a script wants another size: a script is about
// behaviour. The gateway picks a port when it first serves, and keeps it.
func factoryCommand(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: factory COMMAND [flags]")
	}
	full := []string{args[0], worldOf(ts).factoryDir(ts)}
	if args[0] == "new" {
		full = append(full, "--files", "60", "--listen", "127.0.0.1:0")
	}
	runFactory(ts, neg, append(full, args[1:]...))
}

func deviceCommand(ts *testscript.TestScript, args []string) {
	w := worldOf(ts)
	runFactory(ts, false, append([]string{"device", w.factoryDir(ts), w.path("device")}, args...))
}

func runFactory(ts *testscript.TestScript, neg bool, args []string) {
	code := cli.Run(context.Background(), args, ts.Stdout(), ts.Stderr())
	if neg != (code != 0) {
		ts.Fatalf("sotabox-factory %s: exit code %d", strings.Join(args, " "), code)
	}
}

func rebootCommand(ts *testscript.TestScript, _ []string) {
	wanted, err := worldOf(ts).device(ts).Reboot()
	ts.Check(err)
	if !wanted {
		ts.Fatalf("nothing had asked for a reboot")
	}
}

func fallBackCommand(ts *testscript.TestScript, _ []string) {
	ts.Check(worldOf(ts).device(ts).FallBack(context.Background()))
}

func number(ts *testscript.TestScript, s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		ts.Fatalf("%q is not a number", s)
	}
	return n
}

// deployedCommand makes a link to the deployment that boots next.
func deployedCommand(ts *testscript.TestScript, args []string) {
	deployment, err := worldOf(ts).device(ts).Deployment()
	ts.Check(err)
	link := ts.MkAbs(args[0])
	if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
		ts.Check(err)
	}
	ts.Check(os.Symlink(deployment, link))
}
