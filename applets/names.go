package applets

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// maxLinks bounds a chain of symbolic links, as the kernel does.
const maxLinks = 40

// calledNames returns argv0 and, if it is a symbolic link, every path that the
// link leads through: a process started through updater -> aktualizr-lite ->
// sotabox is aktualizr-lite. A link that cannot be read ends the list; argv0
// is what the caller chose to say, so it need not name a file at all.
func calledNames(argv0 string) []string {
	names := []string{argv0}
	path := argv0
	if !strings.ContainsRune(argv0, filepath.Separator) {
		found, err := exec.LookPath(argv0)
		if err != nil {
			return names
		}
		path = found
	}
	for range maxLinks {
		to, err := os.Readlink(path)
		if err != nil {
			return names
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		names = append(names, to)
		path = to
	}
	return names
}
