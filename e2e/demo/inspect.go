//go:build factory

package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/factory"
	"github.com/sotabox/sotabox/factory/rootfs"
)

func removeWorld(dir string) error {
	if err := factory.Remove(dir); err != nil {
		return err
	}
	return os.MkdirAll(dir, 0o755)
}

// changeEtc does what owners of devices do to them.
func changeEtc(etc string) error {
	return errors.Join(
		os.WriteFile(filepath.Join(etc, "hostname"), []byte("kitchen\n"), 0o644),
		os.WriteFile(filepath.Join(etc, "site.conf"), []byte("floor=2\n"), 0o600),
		os.Remove(filepath.Join(etc, "ntp.conf")))
}

// checkEtc looks for both sides' changes after the merge.
func checkEtc(etc string, version int) error {
	for name, want := range map[string]string{
		"hostname":            "kitchen\n",
		"site.conf":           "floor=2\n",
		"motd":                fmt.Sprintf("Welcome to version %d.\n", version),
		"app.d/new-in-2.conf": "enabled=yes\n",
	} {
		got, err := os.ReadFile(filepath.Join(etc, name))
		if err != nil {
			return err
		}
		if string(got) != want {
			return fmt.Errorf("etc/%s is %q, expected %q", name, got, want)
		}
	}
	for _, name := range []string{"ntp.conf", "app.d/gone-in-2.conf"} {
		if _, err := os.Lstat(filepath.Join(etc, name)); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("etc/%s should be gone", name)
		}
	}
	return nil
}

// compareWithPublished makes the version's tree once more and demands that the
// deployment's /usr is the same.
func (s *stage) compareWithPublished(deployment string, version int) error {
	f, err := factory.Open(s.path("factory"))
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp(s.dir, "compare-")
	if err != nil {
		return err
	}
	tree := filepath.Join(scratch, "root")
	err = rootfs.Generate(tree, rootfs.Options{
		Version: version, Files: f.Files, Machine: f.HardwareID, Tag: f.Tag, Canonical: f.Canonical,
	})
	if err == nil {
		err = compareTrees(filepath.Join(tree, "usr"), filepath.Join(deployment, "usr"))
	}
	return errors.Join(err, factory.Remove(scratch))
}

func compareTrees(want, got string) error {
	expected, err := listing(want)
	if err != nil {
		return err
	}
	found, err := listing(got)
	if err != nil {
		return err
	}
	for name, line := range expected {
		if found[name] != line {
			return fmt.Errorf("usr/%s is %q, expected %q", name, found[name], line)
		}
		delete(found, name)
	}
	for name := range found {
		return fmt.Errorf("usr/%s is not in the published tree", name)
	}
	return nil
}

// listing describes every path of a tree: mode, owner, content and user
// attributes.
func listing(root string) (map[string]string, error) {
	lines := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		lines[name], err = describe(path)
		return err
	})
	return lines, err
}

func describe(path string) (string, error) {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return "", err
	}
	line := fmt.Sprintf("%o %d:%d", st.Mode, st.Uid, st.Gid)
	if st.Mode&unix.S_IFMT == unix.S_IFLNK {
		target, err := os.Readlink(path)
		return line + " -> " + target, err
	}
	attributes, err := userAttributes(path)
	if err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		return line + attributes, err
	}
	content, err := os.ReadFile(path)
	return fmt.Sprintf("%s%s %d bytes, %x", line, attributes, st.Size, sha256.Sum256(content)), err
}

func userAttributes(path string) (string, error) {
	buffer := make([]byte, 64<<10)
	n, err := unix.Llistxattr(path, buffer)
	if err != nil {
		if errors.Is(err, unix.ENOTSUP) {
			err = nil
		}
		return "", err
	}
	names := strings.Split(strings.TrimRight(string(buffer[:n]), "\x00"), "\x00")
	slices.Sort(names)
	var b strings.Builder
	for _, name := range names {
		if !strings.HasPrefix(name, "user.") || strings.HasPrefix(name, "user.ostree") {
			continue
		}
		n, err := unix.Lgetxattr(path, name, buffer)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, " %s=%x", name, buffer[:n])
	}
	return b.String(), nil
}

func contains(data []byte, text string) error {
	if !bytes.Contains(data, []byte(text)) {
		return fmt.Errorf("%q is not in %q", text, data)
	}
	return nil
}
