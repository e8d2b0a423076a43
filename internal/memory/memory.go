// Package memory keeps a program small on devices that have little memory.
package memory

import (
	"math"
	"runtime/debug"
)

// target is what the Go runtime tries to stay below, in bytes: heap, stacks and
// what it needs for itself, but not the program's own pages. What is in use at a
// time is far less; garbage may fill the rest before it is collected. A pull and
// static deltas then stay below 20 MB in all, and take no more time.
const target = 16 << 20

// Limit makes the garbage collector work harder rather than let the process grow.
// It is no bound: what is in use is never refused. A limit that the user set
// (GOMEMLIMIT) stays.
func Limit() {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(target)
	}
}
