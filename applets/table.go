package applets

import "github.com/sotabox/sotabox/applets/applet"

// Table lists every command of the binary, in the order in which help shows
// them. To add one, add a line.
func Table() []applet.Applet {
	return []applet.Applet{}
}
