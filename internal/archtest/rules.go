package archtest

import (
	"fmt"
	"slices"
	"strings"
)

// Module is the import path of the project.
const Module = "github.com/sotabox/sotabox"

// rooms says which rooms each room may import besides itself. A room is a
// directory of the module's root with all below it; "" is the main package.
//
// The arrows go one way: applets -> client -> the libraries. The libraries do
// not know each other, and nothing of the device knows the publishing side.
var rooms = map[string][]string{
	"":           {"applets"},
	"applets":    {"client", "internal"},
	"client":     {"tuf", "ostreelite", "apps", "bootfw", "internal"},
	"initramfs":  {"ostreelite", "bootfw", "client", "internal"},
	"tuf":        {"internal"},
	"ostreelite": {"internal"},
	"apps":       {"internal"},
	"bootfw":     {"internal"},
	"internal":   {},
	"factory":    {"tuf", "ostreelite", "apps", "internal"},
	"e2e":        {"factory", "client", "tuf", "ostreelite", "apps", "bootfw", "internal"},
}

// agentOnly are the internal packages that know what this device is. The
// libraries take what they need of them as parameters.
var agentOnly = []string{"internal/config", "internal/gateway", "internal/state"}

// agentRooms are the rooms that may import them.
var agentRooms = []string{"applets", "client", "initramfs", "internal", "e2e"}

// Bloating are the packages that must not be linked into the device binary,
// each with the reason.
var Bloating = map[string]string{
	"text/template":     "switches off the linker's method pruning (1.8 MB)",
	"html/template":     "switches off the linker's method pruning (1.8 MB)",
	"net/rpc":           "switches off the linker's method pruning (1.8 MB)",
	"expvar":            "switches off the linker's method pruning (1.8 MB)",
	"encoding/json/v2":  "costs 0.4 MB beside encoding/json",
	"net/http/httptest": "is for tests",
	"net/http/pprof":    "is for debugging, and brings text/template",
	"testing":           "is for tests",
	"go/ast":            "is for tools",
	"C":                 "the binary must run without a C library",
}

// Objection says why the package from may not import the package to; "" if it
// may. Both are import paths; those outside the module are nobody's business
// here.
func Objection(from, to string) string {
	source, ok := within(from)
	target, okTarget := within(to)
	if !ok || !okTarget {
		return ""
	}
	fromRoom, toRoom := room(source), room(target)
	may, known := rooms[fromRoom]
	switch {
	case !known:
		return fmt.Sprintf("%s is not a room of the architecture", fromRoom)
	case fromRoom != toRoom && !slices.Contains(may, toRoom):
		return fmt.Sprintf("%q may import %q, not %q", fromRoom, may, toRoom)
	case slices.Contains(agentOnly, target) && !slices.Contains(agentRooms, fromRoom):
		return fmt.Sprintf("%q takes what it needs of %q as parameters", fromRoom, target)
	}
	return ""
}

// within returns the path of a package inside the module.
func within(path string) (string, bool) {
	if path == Module {
		return "", true
	}
	return strings.CutPrefix(path, Module+"/")
}

func room(path string) string {
	first, _, _ := strings.Cut(path, "/")
	return first
}
