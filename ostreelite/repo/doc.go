// Package repo reads and writes OSTree repositories as libostree has them on
// disk (libostree docs/repo.md, src/libostree/ostree-repo*.c), so that both can
// take turns on, and share, one repository: the same modes, object files,
// locks, staging directories, refs and partial-commit marks.
//
// A Repo is safe for concurrent use. Objects only get their final name after
// their checksum was verified and their bytes are on the disk: a process that
// is killed, or a power cut, leaves objects that are whole or not there.
package repo

import "errors"

var (
	// ErrNotFound says that an object, ref or path is not in the repository.
	ErrNotFound = errors.New("not found in the repository")
	// ErrCorrupt says that an object's bytes do not have its checksum, or are
	// no object at all.
	ErrCorrupt = errors.New("corrupt object")
	// ErrNoSpace says that the filesystem is full, or that writing would eat
	// into the reserve of core.min-free-space-percent or -size.
	ErrNoSpace = errors.New("not enough free space")
	// ErrLocked says that somebody else kept the repository locked for longer
	// than core.lock-timeout-secs.
	ErrLocked = errors.New("repository is locked")
	// ErrUnsupported says that the repository cannot do or hold what was asked
	// of it, such as a set-user-ID file in bare-user-only mode.
	ErrUnsupported = errors.New("not supported by the repository")
)
