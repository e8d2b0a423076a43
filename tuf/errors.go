package tuf

import (
	"errors"
	"fmt"
)

// Error classes, matched with errors.Is. Every error of this package belongs to exactly one of them, except context
// errors, which are passed on inside ErrFetch or ErrStorage.
var (
	// ErrInvalid: a document was refused: signature, threshold, version, hash, length, type or form.
	ErrInvalid = errors.New("metadata is invalid")
	// ErrExpired: a document that otherwise verifies is past its expiry.
	ErrExpired = errors.New("metadata is expired")
	// ErrFetch: the source could not be asked, or answered with something other than the document or its absence.
	ErrFetch = errors.New("metadata could not be fetched")
	// ErrNotFound: the source answered that it does not have the document.
	ErrNotFound = errors.New("metadata not found")
	// ErrStorage: the store could not be read or written.
	ErrStorage = errors.New("metadata could not be stored or read")
	// ErrNoMetadata: nothing was stored yet.
	ErrNoMetadata = errors.New("no metadata is stored")
)

// Error says which document was refused or not obtained, and why. It is one line, such as
// "timestamp version 7 refused: signed by 0 of 1 required keys".
type Error struct {
	// Role is "root", "timestamp", "snapshot" or "targets".
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

// Error returns the one-line text.
func (e *Error) Error() string {
	subject := e.Role
	if e.Version > 0 {
		subject = fmt.Sprintf("%s version %d", e.Role, e.Version)
	}
	switch e.Class {
	case ErrFetch:
		return fmt.Sprintf("%s could not be fetched: %s", subject, e.Reason)
	case ErrNotFound:
		return fmt.Sprintf("%s not found: %s", subject, e.Reason)
	}
	return fmt.Sprintf("%s refused: %s", subject, e.Reason)
}

// Unwrap makes errors.Is see the class and what lies beneath it.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Class}
	}
	return []error{e.Class, e.Err}
}
