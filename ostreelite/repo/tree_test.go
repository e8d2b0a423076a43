package repo

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/object"
)

var isRoot = os.Geteuid() == 0

var allModes = []Mode{Bare, BareUser, BareUserOnly, Archive}

// fixedTime makes commits the same on every run.
var fixedTime = time.Unix(1700000000, 0).UTC()

// ostree runs the real ostree command and gives its standard output.
func ostree(t *testing.T, args ...string) string {
	t.Helper()
	out, err := ostreeErr(args...)
	require.NoError(t, err, "ostree %s", strings.Join(args, " "))
	return out
}

func ostreeErr(args ...string) (string, error) {
	cmd := exec.Command("ostree", args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%w: %s", err, errs.String())
	}
	return out.String(), nil
}

// makeTree makes a directory tree with what OSTree can hold, and gives its path.
func makeTree(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tree")
	write := func(name, data string, perm uint32) {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(data), 0o600))
		require.NoError(t, unix.Chmod(path, perm))
	}
	write("usr/bin/tool", strings.Repeat("#!/bin/sh\n", 20000), 0o755)
	write("usr/bin/setuid", "root\n", 0o4755)
	write("usr/bin/setgid", "staff\n", 0o2755)
	write("usr/share/empty", "", 0o644)
	write("usr/share/empty-exec", "", 0o755)
	write("usr/share/private", "secret\n", 0o600)
	write("usr/share/"+strings.Repeat("n", 255), "long name\n", 0o644)
	write("usr/share/grüße", "UTF-8\n", 0o664)
	write("usr/share/a b\tc", "blanks\n", 0o644)
	write("usr/share/attrs", "attributes\n", 0o644)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "empty"), 0o755))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "tmp"), 0o755))
	require.NoError(t, unix.Chmod(filepath.Join(dir, "tmp"), 0o1777))
	require.NoError(t, os.Link(filepath.Join(dir, "usr/bin/tool"), filepath.Join(dir, "usr/bin/tool2")))
	require.NoError(t, os.Symlink("usr/bin", filepath.Join(dir, "bin")))
	require.NoError(t, os.Symlink("/nowhere/"+strings.Repeat("x", 300), filepath.Join(dir, "usr/dangling")))
	attrs := filepath.Join(dir, "usr/share/attrs")
	require.NoError(t, unix.Setxattr(attrs, "user.zulu", []byte("last"), 0))
	require.NoError(t, unix.Setxattr(attrs, "user.alpha", bytes.Repeat([]byte{0, 1, 255}, 30), 0))
	require.NoError(t, unix.Setxattr(attrs, "user.empty", nil, 0))
	require.NoError(t, unix.Setxattr(filepath.Join(dir, "usr/share"), "user.dir", []byte("d"), 0))
	if isRoot {
		capability, err := hex.DecodeString("0100000200200000000000000000000000000000")
		require.NoError(t, err)
		require.NoError(t, unix.Setxattr(filepath.Join(dir, "usr/bin/tool"), "security.capability", capability, 0))
		require.NoError(t, unix.Lsetxattr(filepath.Join(dir, "bin"), "trusted.note", []byte("link"), 0))
		require.NoError(t, os.Lchown(attrs, 1234, 4321))
		require.NoError(t, os.Lchown(filepath.Join(dir, "usr/dangling"), 7, 8))
		require.NoError(t, os.Lchown(filepath.Join(dir, "empty"), 1000, 1000))
	}
	return dir
}

// describe lists a directory tree with all that a checkout should restore.
func describe(t *testing.T, dir string, owners bool) string {
	t.Helper()
	var lines []string
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		var st unix.Stat_t
		require.NoError(t, unix.Lstat(path, &st))
		line := fmt.Sprintf("%q %o", strings.TrimPrefix(path, dir), st.Mode)
		if owners {
			xattrs, err := readXattrs(xattrFile{path: path})
			require.NoError(t, err)
			line += fmt.Sprintf(" %d:%d %q", st.Uid, st.Gid, xattrs)
		}
		switch st.Mode & unix.S_IFMT {
		case unix.S_IFREG:
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			line += " " + object.Sum(data).String()
		case unix.S_IFLNK:
			target, err := os.Readlink(path)
			require.NoError(t, err)
			line += " " + target
		}
		lines = append(lines, line)
		return nil
	})
	require.NoError(t, err)
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

func newRepo(t *testing.T, mode Mode) *Repo {
	t.Helper()
	r, err := Create(filepath.Join(t.TempDir(), "repo"), mode)
	require.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	return r
}

// holdable is the options with which a mode can hold makeTree's tree for the
// user the tests run as.
func holdable(dir string) CommitOptions {
	return CommitOptions{Dir: dir, Subject: "subject", Timestamp: fixedTime, Ref: "main"}
}

func commitTree(t *testing.T, r *Repo, o CommitOptions) object.Checksum {
	t.Helper()
	c, err := r.CommitTree(context.Background(), o)
	require.NoError(t, err)
	return c
}

func checkoutTo(t *testing.T, r *Repo, o CheckoutOptions) string {
	t.Helper()
	parent := t.TempDir()
	fd, err := openDir(unix.AT_FDCWD, parent)
	require.NoError(t, err)
	defer unix.Close(fd)
	o.Dir, o.Name = fd, "out"
	require.NoError(t, r.Checkout(context.Background(), o))
	return filepath.Join(parent, "out")
}

func sortedLines(s string) string {
	lines := strings.Fields(s)
	sort.Strings(lines)
	return strings.Join(lines, "\n") + "\n"
}
