//go:build factory

package harness

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// snapshot describes trees, one line per path: kind, mode, size and content,
// but not times.
type snapshot struct {
	roots []string
	lines map[string]string
}

func snapshotCommand(ts *testscript.TestScript, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: snapshot NAME PATH ...")
	}
	w := worldOf(ts)
	s := snapshot{roots: args[1:], lines: map[string]string{}}
	for _, root := range s.roots {
		ts.Check(describeTree(w.dir, root, s.lines))
	}
	w.snapshots[args[0]] = s
}

func unchangedCommand(ts *testscript.TestScript, args []string) {
	w := worldOf(ts)
	before, ok := w.snapshots[args[0]]
	if !ok {
		ts.Fatalf("no snapshot is named %s", args[0])
	}
	now := map[string]string{}
	for _, root := range before.roots {
		ts.Check(describeTree(w.dir, root, now))
	}
	var changes []string
	for path, line := range before.lines {
		if now[path] != line {
			changes = append(changes, fmt.Sprintf("%s\n\twas %s\n\tis  %s", path, line, now[path]))
		}
	}
	for path := range now {
		if _, ok := before.lines[path]; !ok {
			changes = append(changes, path+" is new")
		}
	}
	if len(changes) > 0 {
		ts.Fatalf("changed since %s:\n%s", args[0], strings.Join(changes, "\n"))
	}
}

// describeTree adds a line per path of a tree; a tree that is not there has
// none.
func describeTree(dir, root string, lines map[string]string) error {
	err := filepath.WalkDir(filepath.Join(dir, root), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		lines[name], err = describeFile(path)
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func describeFile(path string) (string, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return "", err
	}
	switch info.Mode().Type() {
	case fs.ModeSymlink:
		target, err := os.Readlink(path)
		return "-> " + target, err
	case 0:
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrPermission) {
			data, err = nil, nil
		}
		return fmt.Sprintf("%v %d %x", info.Mode(), info.Size(), sha256.Sum256(data)), err
	}
	return info.Mode().String(), nil
}

// tamperCommand replaces text in a file, which must be there.
func tamperCommand(ts *testscript.TestScript, args []string) {
	path := ts.MkAbs(args[0])
	before := ts.ReadFile(args[0])
	after := strings.Replace(before, args[1], args[2], 1)
	if before == after {
		ts.Fatalf("%s does not contain %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(path, []byte(after), 0o644))
}

// copyTreeCommand makes TO the same as FROM.
func copyTreeCommand(ts *testscript.TestScript, args []string) {
	from, to := ts.MkAbs(args[0]), ts.MkAbs(args[1])
	ts.Check(os.RemoveAll(to))
	ts.Check(os.CopyFS(to, os.DirFS(from)))
}

func tmpfsCommand(ts *testscript.TestScript, args []string) {
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	ts.Check(unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+args[1]))
	ts.Defer(func() { unix.Unmount(dir, unix.MNT_DETACH) })
}
