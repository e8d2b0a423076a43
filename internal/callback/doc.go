// Package callback runs the program that an owner configured to be told of the
// steps of an update, [pacman] callback_program (spec/cli.md, Callbacks).
//
// The C++ client hands a line to a shell in which target names stand, and those
// come from metadata. Here there is no shell: the values are environment
// variables and nothing else, so they can hold anything and mean nothing.
package callback
