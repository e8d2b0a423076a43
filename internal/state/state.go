package state

import (
	"encoding/json"
	"time"
)

// FormatVersion is the version of the file that this code writes. A file of a
// newer version is refused, one of an older version is converted when read.
const FormatVersion = 1

// InitialTargetName names the target of a device whose first operating system
// came with no record of which target it was.
const InitialTargetName = "Initial Target"

// maxHistory bounds the file: an entry is a few KiB at most, and a rollback
// looks no further back than the last target that worked.
const maxHistory = 50

// Target is an installed (or to be installed) target as it stood in the
// metadata at that time.
type Target struct {
	Name string `json:"name"`
	// Version is the target's `custom.version`, -1 for the initial target.
	Version int `json:"version"`
	// Commit is the OSTree commit, 64 lower-case hexadecimal digits.
	Commit string          `json:"commit"`
	Custom json.RawMessage `json:"custom,omitempty"`
}

// Initial returns the target of a device that runs commit and knows no more.
func Initial(commit string) Target {
	return Target{Name: InitialTargetName, Version: -1, Commit: commit}
}

// Record is what became of one target on this device.
type Record struct {
	Target
	// Installed: it ran here successfully at least once.
	Installed bool `json:"installed,omitempty"`
	// Failed: its last installation failed or was rolled back.
	Failed bool   `json:"failed,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// Phase says how far the installation of the pending target came.
type Phase string

const (
	// Deploying: the intent is recorded; the deployment may be whole, missing or
	// (as leftovers) half there.
	Deploying Phase = "deploying"
	// Waiting: it is deployed, its callers were told, a reboot or `run` finishes it.
	Waiting Phase = "waiting"
)

// Pending is the target whose installation has begun and is not finished.
type Pending struct {
	Target
	CorrelationID string `json:"correlation_id"`
	Phase         Phase  `json:"phase"`
	// BootID is the kernel's boot id when it was deployed: another one later
	// proves a reboot even if the sentinel file survived it.
	BootID string `json:"boot_id,omitempty"`
	// WayBack: it is installed in the place of a target that failed or was
	// given up, so another rollback asks for nothing new.
	WayBack bool      `json:"way_back,omitempty"`
	Since   time.Time `json:"since"`
}

// State is everything; its zero value is a device that never updated.
type State struct {
	FormatVersion int      `json:"format_version"`
	Current       *Target  `json:"current,omitempty"`
	Pending       *Pending `json:"pending,omitempty"`
	// History has each target once, the latest last.
	History []Record `json:"history,omitempty"`
}

// Begin records the intent to install p.
func (s State) Begin(p Pending) State {
	p.Phase = Deploying
	s.Pending = &p
	return s
}

// Deployed records that the pending target is whole on disk and that whoever
// asked for it can be told so.
func (s State) Deployed() State {
	p := *s.Pending
	p.Phase = Waiting
	s.Pending = &p
	return s
}

// Installed makes t the current target and ends what was pending.
func (s State) Installed(t Target) State {
	s.Current = &t
	s.Pending = nil
	return s.record(Record{Target: t, Installed: true})
}

// FailedTarget marks t as one that is not installed again unless it is named,
// and drops it if it was pending.
func (s State) FailedTarget(t Target, reason string) State {
	if s.Pending != nil && s.Pending.Name == t.Name {
		s.Pending = nil
	}
	old, _ := s.find(t.Name)
	return s.record(Record{Target: t, Installed: old.Installed, Failed: true, Reason: reason})
}

// Failing reports whether the named target failed and has not worked since.
func (s State) Failing(name string) bool {
	r, _ := s.find(name)
	return r.Failed
}

// WasInstalled reports whether this very target once ran here.
func (s State) WasInstalled(t Target) bool {
	r, ok := s.find(t.Name)
	return ok && r.Installed && r.Commit == t.Commit
}

// RollbackTarget is the latest target that ran here, did not fail since, and
// is not the named one.
func (s State) RollbackTarget(except string) (Target, bool) {
	for i := len(s.History) - 1; i >= 0; i-- {
		if r := s.History[i]; r.Installed && !r.Failed && r.Name != except {
			return r.Target, true
		}
	}
	return Target{}, false
}

// ByCommit is the latest target known to have this commit.
func (s State) ByCommit(commit string) (Target, bool) {
	for i := len(s.History) - 1; i >= 0; i-- {
		if s.History[i].Commit == commit {
			return s.History[i].Target, true
		}
	}
	return Target{}, false
}

func (s State) find(name string) (Record, bool) {
	for _, r := range s.History {
		if r.Name == name {
			return r, true
		}
	}
	return Record{}, false
}

// record puts r at the end of a copy of the history, in the place of what was
// known of the same target.
func (s State) record(r Record) State {
	history := make([]Record, 0, len(s.History)+1)
	for _, old := range s.History {
		if old.Name != r.Name {
			history = append(history, old)
		}
	}
	history = append(history, r)
	s.History = trim(history, s.Current)
	return s
}

// trim drops the oldest records beyond maxHistory, but neither the current
// target nor the latest one that worked beside it: a rollback needs both.
func trim(history []Record, current *Target) []Record {
	name := ""
	if current != nil {
		name = current.Name
	}
	keep, ok := State{History: history}.RollbackTarget(name)
	for i := 0; len(history) > maxHistory && i < len(history); {
		if history[i].Name == name || (ok && history[i].Name == keep.Name) {
			i++
			continue
		}
		history = append(history[:i], history[i+1:]...)
	}
	return history
}
