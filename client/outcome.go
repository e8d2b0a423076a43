package client

// Outcome says how an installation, a rollback or its completion ended when
// it did not fail.
type Outcome int

const (
	// Done: nothing is left to do.
	Done Outcome = iota
	// NeedsReboot: a reboot, then Finalize.
	NeedsReboot
	// NeedsRun: no reboot, but Finalize must start the apps.
	NeedsRun
)
