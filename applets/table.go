package applets

import (
	"github.com/sotabox/sotabox/applets/aktualizrlite"
	"github.com/sotabox/sotabox/applets/applet"
	"github.com/sotabox/sotabox/applets/bundleapply"
	"github.com/sotabox/sotabox/applets/sotactl"
)

// Table lists every command of the binary, in the order in which help shows
// them. To add one, add a line.
func Table() []applet.Applet {
	return []applet.Applet{
		aktualizrlite.Applet(),
		sotactl.Applet(),
		bundleapply.Applet(),
	}
}
