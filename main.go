// Command sotabox updates embedded Linux devices over the air: one static
// binary whose name, or whose first argument, picks the command it is.
package main

import (
	"os"

	"github.com/sotabox/sotabox/applets"
	"github.com/sotabox/sotabox/applets/applet"
)

// version is set by the linker (see Makefile).
var version = "devel"

func main() {
	os.Exit(applets.Run(applets.Table(), os.Args, applet.Call{
		Stdin:   os.Stdin,
		Stdout:  os.Stdout,
		Stderr:  os.Stderr,
		Version: version,
		Getenv:  os.Getenv,
	}))
}
