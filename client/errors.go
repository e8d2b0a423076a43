package client

import (
	"errors"

	"github.com/sotabox/sotabox/ostreelite/repo"
	"github.com/sotabox/sotabox/tuf"
)

// Classes of errors; match them with errors.Is. An applet maps each to the
// exit code that scripts know.
var (
	// ErrMetadataInvalid: signature, threshold, version, hash, type or form of
	// TUF metadata is wrong, or none is stored where stored metadata is needed.
	ErrMetadataInvalid = tuf.ErrInvalid
	// ErrMetadataExpired: TUF metadata is past its expiry.
	ErrMetadataExpired = tuf.ErrExpired
	// ErrMetadataFetch: the gateway could not be reached or answered an error.
	ErrMetadataFetch = tuf.ErrFetch
	// ErrMetadataNotFound: a source lacks a metadata file.
	ErrMetadataNotFound = tuf.ErrNotFound
	// ErrMetadataStorage: metadata could not be read or written on this device.
	ErrMetadataStorage = tuf.ErrStorage
	// ErrBundle: an offline bundle is damaged, or its own metadata is missing,
	// wrong, expired, or not meant for this device.
	ErrBundle = tuf.ErrBundle

	// ErrNoMatchingTarget: no target has one of the device's tags and its hardware id.
	ErrNoMatchingTarget = errors.New("no target for this device")
	// ErrTargetNotFound: no matching target has the name or version asked for.
	ErrTargetNotFound = errors.New("target not found")
	// ErrNoContent: an offline bundle lacks the commit or apps of the target.
	ErrNoContent = errors.New("not in the bundle")
	// ErrAlreadyInstalled: the target asked for is what the device runs.
	ErrAlreadyInstalled = errors.New("target is already installed")
	// ErrDowngrade: the target is lower than what the device runs.
	ErrDowngrade = errors.New("downgrade refused")
	// ErrNoRollbackTarget: no earlier target is known to have worked.
	ErrNoRollbackTarget = errors.New("no target to roll back to")
	// ErrInstallationPending: an installation must be finished (or rolled back) first.
	ErrInstallationPending = errors.New("an installation waits for completion")
	// ErrNothingPending: there is no installation to finish.
	ErrNothingPending = errors.New("no installation waits for completion")
	// ErrNotPulled: the target to install is not (wholly) on the device.
	ErrNotPulled = errors.New("target was not pulled")
	// ErrDownload: the target could not be fetched.
	ErrDownload = errors.New("download failed")
	// ErrNoSpace: the target does not fit beside the reserve.
	ErrNoSpace = repo.ErrNoSpace
	// ErrRolledBack: the installation failed and the device runs what it ran before.
	ErrRolledBack = errors.New("installation failed, rolled back")
	// ErrRollbackNeedsReboot: the installation failed; a reboot finishes the way back.
	ErrRollbackNeedsReboot = errors.New("installation failed, rollback needs a reboot")
	// ErrRollbackFailed: the installation failed and so did the way back.
	ErrRollbackFailed = errors.New("installation failed, rollback failed too")
	// ErrUnsupported: the configuration asks for something this build does not do.
	ErrUnsupported = errors.New("not supported")
)
