//go:build factory

package harness

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// bundleCommand makes an offline bundle in the place of one of the same name.
func bundleCommand(ts *testscript.TestScript, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: bundle BUNDLE TARGETS [flags]")
	}
	path := ts.MkAbs(args[0])
	ts.Check(os.RemoveAll(path))
	runFactory(ts, false, append([]string{"bundle", worldOf(ts).factoryDir(ts), path, "--targets", args[1]}, args[2:]...))
}

// packCommand packs a bundle as a person would, with tar; the name says how.
func packCommand(ts *testscript.TestScript, args []string) {
	dir, file := args[0], ts.MkAbs(args[1])
	options := []string{"-C", ts.MkAbs(dir), "-cf", file}
	switch {
	case strings.HasSuffix(file, ".gz"):
		options = append([]string{"--gzip"}, options...)
	case strings.HasSuffix(file, ".zst"):
		options = append([]string{"--zstd"}, options...)
	}
	for _, part := range []string{"tuf", "ostree_repo", "apps"} {
		if _, err := os.Stat(filepath.Join(ts.MkAbs(dir), part)); err == nil {
			options = append(options, part)
		}
	}
	ts.Check(ts.Exec("tar", options...))
}

// damageCommand copies a file and cuts the last fifth off, or turns over a bit in
// the middle.
func damageCommand(ts *testscript.TestScript, args []string) {
	data, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	switch args[2] {
	case "cut":
		data = data[:len(data)*4/5]
	case "flip":
		data[len(data)/2] ^= 0x10
	default:
		ts.Fatalf("damage is cut or flip, not %s", args[2])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), data, 0o644))
}
