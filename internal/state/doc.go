// Package state is what this device knows of its own updates: the target it
// runs, the one that waits for a reboot, and what was installed or failed
// before.
//
// The transitions are pure functions of a State; a Store keeps one on disk as
// a single file that is replaced atomically, so a cut at any moment leaves
// the old state or the new one, never a mixture.
package state
