// Package applet says what a command of the binary is.
//
// It is a leaf, so that the packages that implement applets and the table
// that lists them can both import it.
package applet

import "io"

// Applet is one command of the binary.
type Applet struct {
	// Name is the command name: what argv[0] or the first argument says.
	Name string
	// Summary is one line for the list of applets, without a final stop.
	Summary string
	// Main runs the applet and returns the process's exit code. It returns
	// when the work is done; it never ends the process itself.
	Main func(Call) int
}

// Call is one invocation of an applet: all that it may know of its process.
type Call struct {
	// Name is the name the user called, as it should appear in messages.
	Name string
	// Args are the arguments after the name.
	Args []string

	Stdin          io.Reader
	Stdout, Stderr io.Writer

	// Version is the version of the binary, for --version and the user agent.
	Version string

	// Getenv reads the environment, as os.Getenv does.
	Getenv func(string) string
}
