//go:build factory

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sotabox/sotabox/e2e/crash/inject"
	"github.com/sotabox/sotabox/factory"
)

// scenario is a command that is cut, and how the device comes to it.
type scenario struct {
	name   string
	before []step
	args   []string
	// codes are the exit codes that are right for the command: the first when
	// nothing disturbs it, any when it is given again after a cut.
	codes []int
	// moves: it writes enough that it is recorded and cut at every flush.
	moves bool
}

// step brings a device nearer to the scenario: a command of the agent with its
// exit code, or, without one, what something else does.
type step struct {
	args []string
	code int
	do   func(context.Context, *factory.Device) error
}

func agent(code int, args ...string) step { return step{args: args, code: code} }

func reboot() step {
	return step{do: func(_ context.Context, d *factory.Device) error { _, err := d.Reboot(); return err }}
}

func fallBack() step {
	return step{do: func(ctx context.Context, d *factory.Device) error { return d.FallBack(ctx) }}
}

func (s step) perform(ctx context.Context, w *world, d *factory.Device) error {
	if s.do != nil {
		return s.do(ctx, d)
	}
	return w.run(d, []int{s.code}, s.args...)
}

// What the steps of several scenarios have in common.
var (
	onVersion2 = []step{agent(100, "update", "2"), reboot(), agent(0, "run")}
	onVersion3 = append(onVersion2[:3:3], agent(100, "update", "3"), reboot(), agent(0, "run"))
)

// scenarios are all that the agent does to a sysroot and to its own memory.
//
// A repeated command that finds nothing left to do says so in its own way: run
// with 40, install and update with 30, and update after a failed installation
// with 0.
var scenarios = []scenario{
	{name: "check", args: []string{"check"}, codes: []int{16}},
	{name: "pull", before: []step{agent(16, "check")}, args: []string{"pull", "2"}, codes: []int{0}},
	{name: "install", before: []step{agent(16, "check"), agent(0, "pull", "2")}, args: []string{"install", "2"}, codes: []int{100, 30}},
	{name: "run", before: []step{agent(100, "update", "2"), reboot()}, args: []string{"run"}, codes: []int{0, 40}, moves: true},
	{name: "update", args: []string{"update", "2"}, codes: []int{100, 30}, moves: true},
	// The third version pushes out the first: deployment, kernel, objects.
	{name: "update-cleanup", before: onVersion2, args: []string{"update", "3"}, codes: []int{100, 30}, moves: true},
	{name: "rollback", before: onVersion2, args: []string{"rollback"}, codes: []int{100}, moves: true},
	// Two versions with one kernel: only the links change.
	{name: "rollback-links", before: onVersion3, args: []string{"rollback"}, codes: []int{100}, moves: true},
	{name: "rollback-pending", before: []step{agent(100, "update", "2")}, args: []string{"rollback"}, codes: []int{100}, moves: true},
	{name: "rollback-at-boot", before: []step{agent(100, "update", "2"), fallBack()}, args: []string{"run"}, codes: []int{110, 40}},
	{name: "rollback-at-install", args: []string{"update", fmt.Sprint(brokenVersion)}, codes: []int{110, 0}},
}

// demand turns a wrong end of a command into an error with its output.
func demand(r inject.Result, codes []int, args []string) error {
	if slices.Contains(codes, r.ExitCode) {
		return nil
	}
	return fmt.Errorf("aktualizr-lite %s: exit code %d, want one of %v\n%s", strings.Join(args, " "), r.ExitCode, codes, r.Output)
}
