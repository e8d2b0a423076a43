//go:build factory

package harness

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
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
	if changes := differences(before.lines, now); changes != "" {
		ts.Fatalf("changed since %s:%s", args[0], changes)
	}
}

// sameCommand demands that two trees are the same below their roots.
func sameCommand(ts *testscript.TestScript, args []string) {
	var sides [2]map[string]string
	for i, root := range args {
		sides[i] = map[string]string{}
		ts.Check(describeTree(ts.MkAbs(root), ".", sides[i]))
		if len(sides[i]) == 0 {
			ts.Fatalf("%s is not there", root)
		}
	}
	if changes := differences(sides[0], sides[1]); changes != "" {
		ts.Fatalf("%s and %s differ:%s", args[0], args[1], changes)
	}
}

// differences lists what changed, path by path.
func differences(before, after map[string]string) string {
	var b strings.Builder
	for _, path := range slices.Sorted(maps.Keys(before)) {
		if line, ok := after[path]; !ok {
			fmt.Fprintf(&b, "\n%s is gone", path)
		} else if line != before[path] {
			fmt.Fprintf(&b, "\n%s\n\twas %s\n\tis  %s", path, before[path], line)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(after)) {
		if _, ok := before[path]; !ok {
			fmt.Fprintf(&b, "\n%s is new", path)
		}
	}
	return b.String()
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
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return "", err
	}
	line := fmt.Sprintf("%o %d:%d", st.Mode, st.Uid, st.Gid)
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFLNK:
		target, err := os.Readlink(path)
		return line + " -> " + target, err
	case unix.S_IFREG:
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrPermission) {
			data, err = nil, nil
		}
		return fmt.Sprintf("%s %d %x%s", line, st.Size, sha256.Sum256(data), attributes(path)), err
	}
	return line + attributes(path), nil
}

// attributes lists the extended attributes that this user can see, but for
// those the repository format itself uses.
func attributes(path string) string {
	buffer := make([]byte, 64<<10)
	n, err := unix.Llistxattr(path, buffer)
	if err != nil {
		return ""
	}
	var lines []string
	for name := range strings.SplitSeq(string(buffer[:n]), "\x00") {
		value := make([]byte, 64<<10)
		if n, err := unix.Lgetxattr(path, name, value); err == nil && name != "user.ostreemeta" {
			lines = append(lines, fmt.Sprintf(" %s=%x", name, value[:n]))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
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
