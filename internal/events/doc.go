// Package events reports to the device gateway what an update does: events as
// spec/cli.md (Reports) defines them, in a queue that survives reboots and power
// cuts until the gateway has taken them.
//
// The queue is a directory with one file per event, numbered in order. A file is
// whole or absent, an addition never touches earlier ones, and what was sent is
// removed by name: nothing needs repair after a cut. The price, an fsync per
// event, is paid a handful of times per update.
package events
