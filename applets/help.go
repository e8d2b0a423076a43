package applets

import (
	"fmt"
	"io"

	"github.com/sotabox/sotabox/applets/applet"
)

func writeHelp(table []applet.Applet, w io.Writer) {
	fmt.Fprintf(w, `%[1]s: over-the-air updates for embedded Linux, in one binary

Usage:
  %[1]s APPLET [ARGUMENT...]
  APPLET [ARGUMENT...]          through a link of that name to %[1]s

  %[1]s --list               print the names of the applets
  %[1]s --install DIR        make a link for every applet in DIR
  %[1]s -h, --help           print this
  %[1]s -v, --version        print the version

Applets:
`, Binary)
	writeTable(table, w)
}

func writeTable(table []applet.Applet, w io.Writer) {
	for _, a := range table {
		fmt.Fprintf(w, "  %-16s%s\n", a.Name, a.Summary)
	}
}
