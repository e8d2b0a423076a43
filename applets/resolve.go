package applets

import (
	"path/filepath"
	"strings"

	"github.com/sotabox/sotabox/applets/applet"
)

// Binary is the name of the program itself: called so, or so with a suffix
// such as sotabox-linux-arm64, it takes the applet from its first argument.
const Binary = "sotabox"

// Resolve decides which applet of table a process is, and with which
// arguments.
//
// names are the names the process was called under: argv[0] first, then where
// that leads as a symbolic link. Each may be a path, and the file name may
// carry a suffix after a dot: wrappers and package diversions rename a program
// to aktualizr-lite.real or aktualizr-lite.old and still mean that program.
// args is the rest of argv.
//
// It reports false if no name is an applet's and the first argument of the
// program under its own name is none either.
func Resolve(table []applet.Applet, names, args []string) (applet.Applet, []string, bool) {
	for _, name := range names {
		if a, ok := find(table, withoutSuffix(filepath.Base(name))); ok {
			return a, args, true
		}
	}
	if !isBinary(names) || len(args) == 0 {
		return applet.Applet{}, nil, false
	}
	a, ok := find(table, args[0])
	return a, args[1:], ok
}

// isBinary says whether the process was called under the program's own name.
// Only the first name counts: a link of another name to the program is an
// applet that does not exist, not the program.
func isBinary(names []string) bool {
	if len(names) == 0 {
		return true
	}
	rest, ok := strings.CutPrefix(filepath.Base(names[0]), Binary)
	return ok && (rest == "" || strings.ContainsRune(".-_", rune(rest[0])))
}

func find(table []applet.Applet, name string) (applet.Applet, bool) {
	for _, a := range table {
		if a.Name == name {
			return a, true
		}
	}
	return applet.Applet{}, false
}

func withoutSuffix(name string) string {
	name, _, _ = strings.Cut(name, ".")
	return name
}
