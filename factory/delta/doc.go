//go:build factory

// Package delta makes static deltas that devices, and the ostree command, can
// apply (libostree docs/formats.md, "Static deltas"): packs of what one commit
// has and another has not.
//
// New objects go into parts as they are. Of a file that replaces one like it only
// the difference does: as copies of blocks where whole blocks are the same, as a
// patch where most bytes are. Large new files are left to be fetched as objects.
package delta
