// Package delta applies OSTree's static deltas: packs of what one commit has and
// another, or none, has not (libostree docs/formats.md, "Static deltas";
// ostree-repo-static-delta-private.h).
//
// A delta is a superblock, which says what the parts bring, and the parts. A part
// is a blob of data and a program that makes objects of it and of objects which
// the repository has. [Apply] finds the delta for a commit, and runs the parts
// that bring something new, a few at once. It holds neither superblock nor parts
// in memory: they are spooled to files without a name beside the objects, and
// read from there in pieces.
//
// Nothing of a delta is believed. Parts have to have the checksum that the
// superblock says, all offsets and sizes are checked, and objects are written by
// [repo.Txn], which verifies each. A delta that lies can only waste some time and,
// as long as it is being looked at, disk space up to the repository's reserve.
// Apply may bring a part of a commit, or nothing: what is missing afterwards,
// such as the objects that a delta leaves out on purpose, has to be fetched as
// objects.
package delta

import "errors"

var (
	// ErrNone says that there is no delta to a commit from any of those given.
	ErrNone = errors.New("no static delta")
	// ErrMalformed says that a delta is damaged, hostile, or of a kind not known
	// here. The objects it has brought so far are good all the same.
	ErrMalformed = errors.New("malformed static delta")
)
