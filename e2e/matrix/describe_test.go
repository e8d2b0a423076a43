//go:build factory

package matrix

import (
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// describe lists a tree with all that a checkout should restore, a line a path:
// type, mode, owner, attributes, content or target. Paths may be longer than the
// system's limit.
func describe(t testing.TB, dir string) map[string]string {
	t.Helper()
	lines := map[string]string{}
	fd, err := unix.Open(filepath.Dir(dir), unix.O_RDONLY|unix.O_DIRECTORY, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	require.NoError(t, describeInto(lines, fd, filepath.Base(dir), "."))
	return lines
}

func describeInto(lines map[string]string, at int, name, path string) error {
	var st unix.Stat_t
	if err := unix.Fstatat(at, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	attrs, err := attributes(fmt.Sprintf("/proc/self/fd/%d/%s", at, name))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	line := fmt.Sprintf("%o %d:%d%s", st.Mode, st.Uid, st.Gid, attrs)
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFLNK:
		target := make([]byte, unix.PathMax)
		n, err := unix.Readlinkat(at, name, target)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		line += " -> " + string(target[:n])
	case unix.S_IFREG:
		sum, err := contentSum(at, name)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		line += fmt.Sprintf(" %d %x", st.Size, sum)
	case unix.S_IFDIR:
		if err := describeChildren(lines, at, name, path); err != nil {
			return err
		}
	}
	lines[path] = line
	return nil
}

func describeChildren(lines map[string]string, at int, name, path string) error {
	fd, err := unix.Openat(at, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	d := os.NewFile(uintptr(fd), name)
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, n := range names {
		if err := describeInto(lines, fd, n, path+"/"+n); err != nil {
			return err
		}
	}
	return nil
}

func contentSum(at int, name string) ([]byte, error) {
	fd, err := unix.Openat(at, name, unix.O_RDONLY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close()
	hash := sha256.New()
	_, err = io.Copy(hash, f)
	return hash.Sum(nil), err
}

// attributes lists the extended attributes of a file, but for those that a
// repository of its own keeps, and empty ones, which ostree does not commit.
func attributes(path string) (string, error) {
	names := make([]byte, 64<<10)
	n, err := unix.Llistxattr(path, names)
	if err == unix.ENOTSUP {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var lines []string
	for name := range strings.SplitSeq(strings.TrimSuffix(string(names[:n]), "\x00"), "\x00") {
		if name == "" || name == "user.ostreemeta" {
			continue
		}
		value := make([]byte, 64<<10)
		n, err := unix.Lgetxattr(path, name, value)
		if err != nil {
			return "", err
		}
		if n > 0 {
			lines = append(lines, fmt.Sprintf(" %q=%x", name, value[:n]))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, ""), nil
}

// requireSameTree compares two descriptions and says where they differ.
func requireSameTree(t testing.TB, want, got map[string]string) {
	t.Helper()
	var differences []string
	for _, path := range slices.Sorted(maps.Keys(want)) {
		switch line, ok := got[path]; {
		case !ok:
			differences = append(differences, fmt.Sprintf("%.200q is missing", path))
		case line != want[path]:
			differences = append(differences, fmt.Sprintf("%.200q\n\twant %.500s\n\tgot  %.500s", path, want[path], line))
		}
	}
	for _, path := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[path]; !ok {
			differences = append(differences, fmt.Sprintf("%.200q is too much", path))
		}
	}
	require.Empty(t, strings.Join(differences[:min(len(differences), 10)], "\n"), "%d differences", len(differences))
}
