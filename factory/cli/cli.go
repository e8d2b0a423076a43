//go:build factory

// Package cli is the command line of sotabox-factory: it makes a factory,
// publishes versions, makes scratch devices and serves them. Test scripts speak
// it too.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// command is one subcommand. setUp declares its flags and returns its work,
// which is given as many arguments as args names.
type command struct {
	name, args, summary string
	setUp               func(*flag.FlagSet) work
}

type work func(ctx context.Context, args []string, out io.Writer) error

func commands() []command {
	return []command{
		{"new", "DIR", "make a factory: keys, certificates, empty metadata, empty repository", newFactory},
		{"publish", "DIR", "commit a version and sign a target for it", publish},
		{"withdraw", "DIR TARGET", "take a target, by name or version, out of the metadata", withdraw},
		{"targets", "DIR", "list what is published", listTargets},
		{"rotate-root", "DIR", "publish the next root, with new keys for some roles", rotateRoot},
		{"expire", "DIR", "publish metadata that has expired", expire},
		{"bundle", "DIR BUNDLE", "make an offline bundle: a directory, .tar, .tar.gz or .tar.zst", bundle},
		{"sign-key", "KEY", "make a key for a person, and KEY.pub to hand out", signKey},
		{"sign-root", "DIR FILE", "write the next root, with people's keys for a role, for people to sign", signRoot},
		{"sign-targets", "DIR FILE", "write the targets for people to sign", signTargets},
		{"sign", "FILE KEY", "sign what is in the file, then pass it on", sign},
		{"sign-status", "DIR FILE", "tell who has signed and who is missing", signStatus},
		{"sign-publish", "DIR FILE...", "publish root or targets, or both at once, that enough people signed", signPublish},
		{"device", "DIR DEVICE", "make a scratch device that runs a published version", makeDevice},
		{"configure", "DIR DEVICE", "tell a device the gateway's present address", configure},
		{"serve", "DIR", "run the gateway until interrupted", serve},
		{"reboot", "DEVICE", "fake a reboot: remove the sentinel", reboot},
		{"fall-back", "DEVICE", "fake a boot loader that gave up on the new deployment", fallBack},
		{"remove", "DIR", "remove a factory or device, immutable deployments and all", remove},
	}
}

// Run executes one command line and returns the exit code: 0, 1 for a failure,
// 2 for bad usage.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		usage(stdout)
		return 0
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.run(ctx, args[1:], stdout, stderr)
		}
	}
	fmt.Fprintf(stderr, "sotabox-factory: unknown command %q; see sotabox-factory help\n", args[0])
	return 2
}

func (c command) run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	do := c.setUp(flags)
	positional, err := parse(flags, args)
	if errors.Is(err, flag.ErrHelp) {
		c.help(stdout, flags)
		return 0
	}
	if err == nil && !c.takes(len(positional)) {
		err = fmt.Errorf("takes %s, got %d arguments", c.args, len(positional))
	}
	if err != nil {
		fmt.Fprintf(stderr, "sotabox-factory: %s: %v; see sotabox-factory %s --help\n", c.name, err, c.name)
		return 2
	}
	if err := do(ctx, positional, stdout); err != nil {
		fmt.Fprintf(stderr, "sotabox-factory: %v\n", err)
		return 1
	}
	return 0
}

// takes tells whether a command can do with so many arguments: the last one, if it has dots, may be repeated.
func (c command) takes(count int) bool {
	want := len(splitArgs(c.args))
	return count == want || count > want && strings.HasSuffix(c.args, "...")
}

// parse reads flags that may stand before, between and after the arguments.
func parse(flags *flag.FlagSet, args []string) ([]string, error) {
	var positional []string
	for {
		if err := flags.Parse(args); err != nil {
			return nil, err
		}
		if flags.NArg() == 0 {
			return positional, nil
		}
		positional = append(positional, flags.Arg(0))
		args = flags.Args()[1:]
	}
}
