//go:build factory

// Package inject kills a program just before it changes a file system for the
// Nth time.
//
// The program runs traced. A seccomp filter, which a helper installs before it
// becomes the program, stops it only at system calls that can write, so that a
// run costs little more than an untraced one. They are counted over all threads
// and all processes the program starts. At the Nth, before the kernel executes
// it, all of them are killed: what was done by then stays, as after a crash.
//
// The helper is this very executable: a program that uses Run calls Become
// first thing, also in TestMain.
package inject
