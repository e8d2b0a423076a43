package client

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/sotabox/sotabox/internal/state"
)

// Target is a version of the system: a name, its version number, the OSTree
// commit, and the `custom` object of its metadata as it was signed.
type Target = state.Target

// App is a Compose app of a target.
type App struct {
	Name, URI string
}

// Apps lists the Compose apps of a target by name.
func Apps(t Target) []App {
	var custom struct {
		Apps map[string]struct {
			URI string `json:"uri"`
		} `json:"docker_compose_apps"`
	}
	// A target is parsed strictly when its metadata is verified; here it is only shown.
	_ = json.Unmarshal(t.Custom, &custom)
	out := make([]App, 0, len(custom.Apps))
	for name, app := range custom.Apps {
		out = append(out, App{name, app.URI})
	}
	slices.SortFunc(out, func(a, b App) int { return strings.Compare(a.Name, b.Name) })
	return out
}
