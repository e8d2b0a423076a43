package client

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/tuf"
)

func TestSelect(t *testing.T) {
	v := func(n int) Target { return Target{Name: "t-" + string(rune('0'+n)), Version: n} }
	initial := Target{Name: "Initial Target", Version: -1}
	all := []Target{v(1), v(2), v(3)}
	one := v(1)
	for _, c := range []struct {
		name     string
		current  Target
		failing  []string
		rollback *Target
		auto     bool
		apps     []string
		targets  []Target
		want     Want

		action Action
		target Target
		err    error
	}{
		{name: "newest of several", current: v(1), action: NewVersion, target: v(3)},
		{name: "from the initial target", current: initial, action: NewVersion, target: v(3)},
		{name: "initial target beside its own version", current: initial, targets: all[:1], action: NewVersion, target: v(1)},
		{name: "already newest", current: v(3), action: NoUpdate, target: v(3)},
		{name: "apps need work", current: v(3), apps: []string{"app is missing"}, action: SyncApps, target: v(3)},
		{name: "newest failed before", current: v(1), failing: []string{"t-3"}, action: NoUpdate},
		{name: "newest failed before, apps need work", current: v(1), failing: []string{"t-3"}, apps: []string{"x"}, action: SyncApps, target: v(1)},
		{name: "failed but named", current: v(1), failing: []string{"t-3"}, want: Want{Name: "t-3"}, action: NewVersion, target: v(3)},
		{name: "named by version", current: v(1), want: Want{Version: 2, HasVersion: true}, action: NewVersion, target: v(2)},
		{name: "named and current", current: v(2), want: Want{Version: 2, HasVersion: true}, action: SyncApps, target: v(2)},
		{name: "named lower", current: v(3), want: Want{Name: "t-1"}, action: NewVersion, target: v(1)},
		{name: "named and missing", current: v(3), want: Want{Name: "t-9"}, err: ErrTargetNotFound},
		{name: "name and version disagree", current: v(3), want: Want{Name: "t-1", Version: 2, HasVersion: true}, err: ErrTargetNotFound},
		{name: "only lower ones", current: v(9), action: NoUpdate},
		{name: "only lower ones, allowed", current: v(9), auto: true, action: NewVersion, target: v(3)},
		{name: "only lower ones, asked to allow that", current: v(9), want: Want{Downgrade: DowngradeAllowed}, action: NewVersion, target: v(3)},
		{name: "only lower ones, refused", current: v(9), auto: true, want: Want{Downgrade: DowngradeRefused}, err: ErrDowngrade},
		{name: "named lower, refused", current: v(3), want: Want{Name: "t-1", Downgrade: DowngradeRefused}, err: ErrDowngrade},
		{name: "named lower, allowed", current: v(3), want: Want{Name: "t-1", Downgrade: DowngradeAllowed}, action: NewVersion, target: v(1)},
		{name: "higher, no downgrade", current: v(1), want: Want{Downgrade: DowngradeRefused}, action: NewVersion, target: v(3)},
		{name: "failed before and lower, allowed", current: v(9), failing: []string{"t-3"}, want: Want{Downgrade: DowngradeAllowed}, action: NoUpdate},
		{name: "running a failing one", current: v(3), failing: []string{"t-3"}, rollback: &one, action: RollBack, target: v(1)},
		{name: "running a failing one, no way back", current: v(3), failing: []string{"t-3"}, err: ErrNoRollbackTarget},
		{name: "running a failing one, newer there", current: v(2), failing: []string{"t-2"}, rollback: &one, action: NewVersion, target: v(3)},
		{name: "running a failing one, named", current: v(3), failing: []string{"t-3"}, want: Want{Name: "t-3"}, action: SyncApps, target: v(3)},
		{name: "none for this device", current: v(1), targets: []Target{}, err: ErrNoMatchingTarget},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.targets == nil {
				c.targets = all
			}
			got, err := Select(Facts{
				Candidates: c.targets, Current: c.current, Rollback: c.rollback, AutoDowngrade: c.auto, AppsOutOfSync: c.apps,
				Failing: func(name string) bool { return slices.Contains(c.failing, name) },
			}, c.want)
			require.ErrorIs(t, err, c.err)
			require.Equal(t, c.action, got.Action)
			require.Equal(t, c.target, got.Target)
			require.Equal(t, c.action == NoUpdate, got.Reason == "")
			require.Equal(t, c.action == NoUpdate && c.target.Name != "", got.AlreadyInstalled())
		})
	}
}

func TestCandidates(t *testing.T) {
	mk := func(name string, version int, format, hw string, tags ...string) tuf.Target {
		return tuf.Target{Name: name, Version: version, Format: format, HardwareIDs: []string{hw}, Tags: tags}
	}
	all := []tuf.Target{
		mk("c", 10, "OSTREE", "board", "main"), mk("a", 9, "OSTREE", "board", "main", "devel"), mk("b", 11, "OSTREE", "board", "devel"),
		mk("d", 12, "OSTREE", "other", "main"), mk("e", 13, "BINARY", "board", "main"), mk("f", 14, "OSTREE", "board"),
	}
	names := func(tags ...string) (out []string) {
		for _, t := range Candidates(all, "board", tags) {
			out = append(out, t.Name)
		}
		return out
	}
	require.Equal(t, []string{"a", "c"}, names("main"))
	require.Equal(t, []string{"a", "c", "b"}, names("main", "devel"))
	require.Equal(t, []string{"a", "c", "b", "f"}, names())
	require.Empty(t, names("none"))
}
