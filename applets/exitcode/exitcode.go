// Package exitcode is the one table from what the agent reports to the exit
// codes that scripts rely on.
package exitcode

import (
	"errors"

	"github.com/sotabox/sotabox/client"
)

// Exit codes of aktualizr-lite.
const (
	OK                  = 0
	Failure             = 1
	CachedMetadata      = 3
	MetadataFailure     = 4
	NoMatchingTarget    = 6
	NoContent           = 8
	AppsNeedRun         = 10
	MetadataInvalid     = 11
	MetadataExpired     = 12
	MetadataFetch       = 13
	MetadataNotFound    = 14
	BundleInvalid       = 15
	NewVersion          = 16
	SyncApps            = 17
	RollBack            = 18
	TargetNotFound      = 20
	NoRollbackTarget    = 21
	InstallationPending = 30
	NothingPending      = 40
	DownloadFailed      = 50
	NoSpace             = 60
	AlreadyInstalled    = 75
	NeedsReboot         = 100
	Downgrade           = 102
	RolledBack          = 110
	RollbackNeedsReboot = 120
	RollbackFailed      = 130
)

// classes is searched from the top: an error that is of two classes gets the
// code of the first.
var classes = []struct {
	err  error
	code int
}{
	{client.ErrRollbackFailed, RollbackFailed},
	{client.ErrRollbackNeedsReboot, RollbackNeedsReboot},
	{client.ErrRolledBack, RolledBack},
	{client.ErrInstallationPending, InstallationPending},
	{client.ErrNothingPending, NothingPending},
	{client.ErrNoSpace, NoSpace},
	{client.ErrAlreadyInstalled, AlreadyInstalled},
	{client.ErrDowngrade, Downgrade},
	{client.ErrNoContent, NoContent},
	{client.ErrNotPulled, DownloadFailed},
	{client.ErrDownload, DownloadFailed},
	{client.ErrNoMatchingTarget, NoMatchingTarget},
	{client.ErrTargetNotFound, TargetNotFound},
	{client.ErrNoRollbackTarget, NoRollbackTarget},
	{client.ErrMetadataStorage, MetadataFailure},
	{client.ErrBundle, BundleInvalid},
	{client.ErrMetadataExpired, MetadataExpired},
	{client.ErrMetadataInvalid, MetadataInvalid},
	{client.ErrMetadataNotFound, MetadataNotFound},
	{client.ErrMetadataFetch, MetadataFetch},
}

// OfError is the exit code for a failed command.
func OfError(err error) int {
	if err == nil {
		return OK
	}
	for _, c := range classes {
		if errors.Is(err, c.err) {
			return c.code
		}
	}
	return Failure
}

// OfOutcome is the exit code for an installation that did not fail.
func OfOutcome(o client.Outcome) int {
	switch o {
	case client.NeedsReboot:
		return NeedsReboot
	case client.NeedsRun:
		return AppsNeedRun
	}
	return OK
}

// OfSelection is the exit code of `check` and `list`; fresh tells whether the
// metadata came from the gateway just now.
func OfSelection(a client.Action, fresh bool) int {
	switch a {
	case client.NewVersion:
		return NewVersion
	case client.SyncApps:
		return SyncApps
	case client.RollBack:
		return RollBack
	}
	if fresh {
		return OK
	}
	return CachedMetadata
}

// Success reports whether a code is one of those that mean success.
func Success(code int) bool {
	switch code {
	case OK, CachedMetadata, AppsNeedRun, NewVersion, SyncApps, RollBack, NeedsReboot:
		return true
	}
	return false
}
