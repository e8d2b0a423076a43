//go:build factory

package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// listing describes a tree: a line per path, with kind, mode, owner, content and
// attributes, but not times.
type listing map[string]string

// list describes everything below root that skip does not want to leave out. A
// root that is not there has an empty listing.
func list(root string, skip func(name string) bool) (listing, error) {
	lines := listing{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if skip != nil && skip(name) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		lines[name], err = describe(path)
		return err
	})
	if errors.Is(err, fs.ErrNotExist) && len(lines) == 0 {
		return lines, nil
	}
	return lines, err
}

func describe(path string) (string, error) {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return "", &fs.PathError{Op: "lstat", Path: path, Err: err}
	}
	line := fmt.Sprintf("%o %d:%d", st.Mode, st.Uid, st.Gid)
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFLNK:
		target, err := os.Readlink(path)
		return line + " -> " + target, err
	case unix.S_IFREG:
		sum, err := sumOf(path)
		if errors.Is(err, fs.ErrPermission) {
			sum, err = "", nil // mode 0, and we are not root
		}
		return fmt.Sprintf("%s %d %s%s", line, st.Size, sum, attributes(path)), err
	}
	return line + attributes(path), nil
}

// sumOf is the SHA-256 of the contents of files, one after the other.
func sumOf(paths ...string) (string, error) {
	hash := sha256.New()
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return "", err
		}
		_, err = io.Copy(hash, f)
		f.Close()
		if err != nil {
			return "", fmt.Errorf("read %s: %w", path, err)
		}
	}
	return fmt.Sprintf("%x", hash.Sum(nil)), nil
}

// attributes lists the extended attributes that this user can see.
func attributes(path string) string {
	buffer := make([]byte, 4096)
	n, err := unix.Llistxattr(path, buffer)
	if err != nil {
		return ""
	}
	var lines []string
	for name := range strings.SplitSeq(string(buffer[:n]), "\x00") {
		value := make([]byte, 4096)
		if n, err := unix.Lgetxattr(path, name, value); name != "" && err == nil {
			lines = append(lines, fmt.Sprintf(" %s=%x", name, value[:n]))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// compare names the paths in which two trees differ, at most a few of them.
func compare(want, got listing) error {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if line, ok := got[name]; !ok {
			lines = append(lines, name+" is missing")
		} else if line != want[name] {
			lines = append(lines, fmt.Sprintf("%s is %s, want %s", name, line, want[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok {
			lines = append(lines, fmt.Sprintf("%s should not be there (%s)", name, got[name]))
		}
	}
	if len(lines) == 0 {
		return nil
	}
	if len(lines) > 8 {
		lines = append(lines[:8], fmt.Sprintf("and %d more", len(lines)-8))
	}
	return errors.New(strings.Join(lines, "\n\t"))
}
