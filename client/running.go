package client

import "github.com/sotabox/sotabox/internal/state"

// bootFacts is what is known of the last boot.
type bootFacts struct {
	// booted: the agent runs inside the sysroot that it updates. Otherwise the
	// sysroot is a scratch or mounted one, whose default deployment counts as
	// running once a reboot has been faked by removing the sentinel.
	booted bool
	// bootedCommit is the running deployment's, defaultCommit that of the one
	// which boots next; either is empty if there is none.
	bootedCommit, defaultCommit string
	sentinel                    bool
	bootID                      string
}

// rebooted reports whether the device was started anew since p was deployed.
// The sentinel lies on a tmpfs and dies with the boot, unless a distribution
// put it elsewhere: then the kernel's boot id tells.
func rebooted(f bootFacts, p *state.Pending) bool {
	return !f.sentinel || (p.BootID != "" && f.bootID != "" && p.BootID != f.bootID)
}

// runningCommit is the commit that the device runs.
func runningCommit(f bootFacts, s state.State) string {
	if f.booted {
		return f.bootedCommit
	}
	if p := s.Pending; p != nil && s.Current != nil && !rebooted(f, p) {
		return s.Current.Commit
	}
	return f.defaultCommit
}

// completion is what `run` has to do.
type completion int

const (
	nothingPending completion = iota
	// rebootFirst: the new deployment has not been booted yet.
	rebootFirst
	// confirm: the device runs what was installed.
	confirm
	// rolledBackByBoot: the device came back with something else.
	rolledBackByBoot
)

// decideCompletion tells how an update that began earlier ended.
func decideCompletion(f bootFacts, s state.State) completion {
	switch p := s.Pending; {
	case p == nil:
		return nothingPending
	case runningCommit(f, s) == p.Commit:
		return confirm
	case !rebooted(f, p):
		return rebootFirst
	}
	return rolledBackByBoot
}
