package tuf

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// Error classes, matched with errors.Is. Every error about metadata belongs to exactly one of them. A context error is
// passed on inside ErrFetch or ErrStorage.
var (
	// ErrInvalid: a document was refused: signature, threshold, version, hash, length, type or form.
	ErrInvalid = errors.New("metadata is invalid")
	// ErrExpired: a document that otherwise verifies is past its expiry.
	ErrExpired = errors.New("metadata is expired")
	// ErrFetch: the source could not be asked, or answered with something other than the document or its absence.
	ErrFetch = errors.New("metadata could not be fetched")
	// ErrNotFound: the source answered that it does not have the document.
	ErrNotFound = errors.New("metadata not found")
	// ErrBundle: the document that describes an offline bundle is missing, was refused, or says that the bundle is not for
	// this device or no longer to be used.
	ErrBundle = errors.New("bundle metadata is invalid")
	// ErrStorage: the store could not be read or written.
	ErrStorage = errors.New("metadata could not be stored or read")
	// ErrNoMetadata: nothing was stored yet.
	ErrNoMetadata = errors.New("no metadata is stored")
)

// ErrRollback is in class ErrInvalid: a document is older than the one that is trusted. An offline bundle may rightly be.
var ErrRollback = fmt.Errorf("%w: older than what is trusted", ErrInvalid)

// Error says which document was refused or not obtained, and why. It is one line, such as
// "timestamp version 7 refused: signed by 0 of 1 required keys".
type Error struct {
	// Role is "root", "timestamp", "snapshot", "targets" or, for the document of an offline bundle, "bundle-targets".
	Role string
	// Version is the version that the document claims or that was asked for; 0 if neither is known.
	Version int64
	// Class is one of the error classes of this package.
	Class error
	// Reason is why, without role and version.
	Reason string
	// Err is the underlying error, if there is one. Its text is part of Reason.
	Err error
}

// Error returns the text. Line breaks and other control characters that came with a reason from outside become spaces.
func (e *Error) Error() string {
	subject := e.Role
	if e.Version > 0 {
		subject = fmt.Sprintf("%s version %d", e.Role, e.Version)
	}
	what := "refused"
	switch e.Class {
	case ErrFetch:
		what = "could not be fetched"
	case ErrNotFound:
		what = "not found"
	}
	reason := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, e.Reason)
	return fmt.Sprintf("%s %s: %s", subject, what, reason)
}

// Unwrap makes errors.Is see the class and what lies beneath it.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Class}
	}
	return []error{e.Class, e.Err}
}
