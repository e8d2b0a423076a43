//go:build factory

// Package rootfs makes root file systems to publish: trees laid out as OSTree
// wants them, with thousands of files of plausible sizes, links, odd modes and
// extended attributes, the same for the same options on every machine, and with
// the kind of differences between versions that a real distribution has.
package rootfs
