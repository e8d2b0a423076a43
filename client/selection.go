package client

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/sotabox/sotabox/tuf"
)

// Want says which target a caller asks for; the zero value is the latest.
type Want struct {
	Name string
	// Version is meant if HasVersion is set.
	Version    int
	HasVersion bool
	// Downgrade says what to do about a version lower than the current one.
	Downgrade Downgrade
}

// Downgrade is a rule about lower versions.
type Downgrade int

const (
	// DowngradeNamed: only when named, or as the configuration says.
	DowngradeNamed Downgrade = iota
	// DowngradeRefused: ErrDowngrade.
	DowngradeRefused
	// DowngradeAllowed: as any other version.
	DowngradeAllowed
)

// Named reports whether a certain target was asked for.
func (w Want) Named() bool { return w.Name != "" || w.HasVersion }

func (w Want) String() string {
	switch {
	case w.Name != "":
		return w.Name
	case w.HasVersion:
		return fmt.Sprintf("version %d", w.Version)
	}
	return "latest"
}

func (w Want) matches(t Target) bool {
	return (w.Name == "" || w.Name == t.Name) && (!w.HasVersion || w.Version == t.Version)
}

// Action is what a selection asks the device to do.
type Action int

const (
	// NoUpdate: nothing to do.
	NoUpdate Action = iota
	// NewVersion: install another target.
	NewVersion
	// SyncApps: the current target's apps are not as they should be.
	SyncApps
	// RollBack: the running target is a failing one; go back.
	RollBack
)

// Selection is the decision of Select.
type Selection struct {
	Action Action
	// Target is what to install. If Action is NoUpdate it is what the device runs
	// if that is what was asked for, and the zero Target otherwise.
	Target Target
	Reason string
}

// AlreadyInstalled reports whether there is nothing to do because the device runs
// what was asked for.
func (s Selection) AlreadyInstalled() bool { return s.Action == NoUpdate && s.Target.Name != "" }

// Facts is what the decision about the next target rests on.
type Facts struct {
	// Candidates are the targets for this device, lowest version first.
	Candidates []Target
	Current    Target
	// Failing reports whether the named target failed here before.
	Failing func(name string) bool
	// Rollback is the target to go back to, nil if there is none.
	Rollback      *Target
	AutoDowngrade bool
	// AppsOutOfSync says for each app of the current target why it needs work.
	AppsOutOfSync []string
}

// Select decides which target to install. Errors: ErrNoMatchingTarget (no
// candidates), ErrTargetNotFound, ErrNoRollbackTarget, ErrDowngrade.
func Select(f Facts, want Want) (Selection, error) {
	if len(f.Candidates) == 0 {
		return Selection{}, fmt.Errorf("selecting a target: %w", ErrNoMatchingTarget)
	}
	candidate, ok := find(f.Candidates, want)
	if !ok {
		return Selection{}, fmt.Errorf("selecting target %s: %w", want, ErrTargetNotFound)
	}
	if candidate.Name != f.Current.Name {
		switch lower := candidate.Version < f.Current.Version; {
		case lower && want.Downgrade == DowngradeRefused:
			return Selection{}, fmt.Errorf("%s is older than %s, which runs: %w", candidate.Name, f.Current.Name, ErrDowngrade)
		case want.Named():
		case lower && !f.AutoDowngrade && want.Downgrade != DowngradeAllowed:
			return Selection{}, nil
		case f.Failing(candidate.Name):
			return syncApps(f), nil
		}
		return Selection{NewVersion, candidate, fmt.Sprintf("Updating from %s to %s", f.Current.Name, candidate.Name)}, nil
	}
	if f.Failing(f.Current.Name) && !want.Named() {
		if f.Rollback == nil {
			return Selection{}, fmt.Errorf("%s fails on this device: %w", f.Current.Name, ErrNoRollbackTarget)
		}
		return Selection{RollBack, *f.Rollback, fmt.Sprintf("Rolling back from %s to %s", f.Current.Name, f.Rollback.Name)}, nil
	}
	if want.Named() {
		return Selection{SyncApps, candidate, "Syncing Active Target Apps"}, nil
	}
	if sel := syncApps(f); sel.Action != NoUpdate {
		return sel, nil
	}
	return Selection{Target: candidate}, nil
}

func syncApps(f Facts) Selection {
	if len(f.AppsOutOfSync) == 0 {
		return Selection{}
	}
	reason := "Syncing Active Target Apps"
	for _, why := range f.AppsOutOfSync {
		reason += "; " + why
	}
	return Selection{SyncApps, f.Current, reason}
}

// find returns the highest version that is wanted.
func find(candidates []Target, want Want) (Target, bool) {
	for i := len(candidates) - 1; i >= 0; i-- {
		if want.matches(candidates[i]) {
			return candidates[i], true
		}
	}
	return Target{}, false
}

// Candidates filters the trusted targets: OSTree targets for this hardware id
// with one of the tags (any, if no tags are configured), lowest version first.
func Candidates(targets []tuf.Target, hardwareID string, tags []string) []Target {
	var out []Target
	for _, t := range targets {
		if t.Format != "OSTREE" || !slices.Contains(t.HardwareIDs, hardwareID) {
			continue
		}
		if len(tags) > 0 && !slices.ContainsFunc(tags, func(tag string) bool { return slices.Contains(t.Tags, tag) }) {
			continue
		}
		out = append(out, Target{Name: t.Name, Version: t.Version, Commit: t.SHA256, Custom: t.Custom})
	}
	slices.SortStableFunc(out, func(a, b Target) int {
		return cmp.Or(cmp.Compare(a.Version, b.Version), cmp.Compare(a.Name, b.Name))
	})
	return out
}
