package client

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/internal/state"
)

func TestCompletion(t *testing.T) {
	v1, v2 := Target{Name: "t-1", Version: 1, Commit: "c1"}, Target{Name: "t-2", Version: 2, Commit: "c2"}
	idle := state.State{}.Installed(v1)
	pending := idle.Begin(state.Pending{Target: v2, BootID: "boot-1"}).Deployed()
	appsOnly := idle.Begin(state.Pending{Target: Target{Name: "t-3", Version: 3, Commit: "c1"}, BootID: "boot-1"}).Deployed()
	for _, c := range []struct {
		name    string
		facts   bootFacts
		state   state.State
		want    completion
		running string
	}{
		{"nothing pending", bootFacts{booted: true, bootedCommit: "c1", defaultCommit: "c1"}, idle, nothingPending, "c1"},
		{"booted, before the reboot", bootFacts{booted: true, bootedCommit: "c1", defaultCommit: "c2", sentinel: true, bootID: "boot-1"}, pending, rebootFirst, "c1"},
		{"booted, after the reboot", bootFacts{booted: true, bootedCommit: "c2", defaultCommit: "c2", bootID: "boot-2"}, pending, confirm, "c2"},
		{"booted, sentinel on disk outlived the reboot", bootFacts{booted: true, bootedCommit: "c2", sentinel: true, bootID: "boot-2"}, pending, confirm, "c2"},
		{"booted, the boot loader went back", bootFacts{booted: true, bootedCommit: "c1", defaultCommit: "c2", bootID: "boot-2"}, pending, rolledBackByBoot, "c1"},
		{"booted, went back, sentinel on disk", bootFacts{booted: true, bootedCommit: "c1", sentinel: true, bootID: "boot-2"}, pending, rolledBackByBoot, "c1"},
		{"staged, before the faked reboot", bootFacts{defaultCommit: "c2", sentinel: true, bootID: "boot-1"}, pending, rebootFirst, "c1"},
		{"staged, after the faked reboot", bootFacts{defaultCommit: "c2", bootID: "boot-1"}, pending, confirm, "c2"},
		{"staged, after a faked boot failure", bootFacts{defaultCommit: "c1", bootID: "boot-1"}, pending, rolledBackByBoot, "c1"},
		{"apps only, no reboot needed", bootFacts{booted: true, bootedCommit: "c1", defaultCommit: "c1"}, appsOnly, confirm, "c1"},
		{"apps only, staged", bootFacts{defaultCommit: "c1", sentinel: true, bootID: "boot-1"}, appsOnly, confirm, "c1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.running, runningCommit(c.facts, c.state))
			require.Equal(t, c.want, decideCompletion(c.facts, c.state))
		})
	}
}
