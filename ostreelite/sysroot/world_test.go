package sysroot

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// forEachMode runs a test with the repository modes a user of this machine can
// have: an ordinary user can set neither owners nor most attributes.
func forEachMode(t *testing.T, test func(t *testing.T, mode repo.Mode)) {
	modes := []repo.Mode{repo.BareUserOnly}
	if os.Geteuid() == 0 {
		modes = append(modes, repo.Bare)
	}
	for _, mode := range modes {
		t.Run(mode.String(), func(t *testing.T) { test(t, mode) })
	}
}

// world is a scratch sysroot and the trees that are committed to it.
type world struct {
	t    *testing.T
	mode repo.Mode
	dir  string // the sysroot
	tree string // what the next commit is made from
}

const testOS = "lmp"

func newWorld(t *testing.T, mode repo.Mode) *world {
	t.Helper()
	base := t.TempDir()
	w := &world{t: t, mode: mode, dir: filepath.Join(base, "sysroot"), tree: filepath.Join(base, "tree")}
	require.NoError(t, os.Mkdir(w.dir, 0o755))
	require.NoError(t, os.Mkdir(w.tree, 0o755))
	mutableAfter(t, w.dir)
	require.NoError(t, Init(w.dir, mode))
	s := w.open()
	require.NoError(t, s.InitOS(testOS))
	require.NoError(t, s.Close())
	w.baseTree()
	return w
}

// mutableAfter lets the testing package remove a sysroot with its deployments.
func mutableAfter(t *testing.T, sysroot string) {
	t.Cleanup(func() {
		trees, err := filepath.Glob(filepath.Join(sysroot, "ostree/deploy/*/deploy/*.*"))
		require.NoError(t, err)
		for _, tree := range trees {
			f, err := os.Open(tree)
			require.NoError(t, err)
			require.NoError(t, setImmutable(int(f.Fd()), false))
			f.Close()
		}
		require.NoError(t, filepath.WalkDir(sysroot, func(p string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				err = os.Chmod(p, 0o755)
			}
			return err
		}))
	})
}

// copy is a second sysroot in the same state, links between its files too.
func (w *world) copy() *world {
	w.t.Helper()
	other := *w
	other.dir = filepath.Join(w.t.TempDir(), "sysroot")
	run(w.t, "cp", "-a", w.dir, other.dir)
	mutableAfter(w.t, other.dir)
	return &other
}

func (w *world) open() *Sysroot {
	w.t.Helper()
	return w.openWith(Options{})
}

func (w *world) openWith(o Options) *Sysroot {
	w.t.Helper()
	o.Path = w.dir
	s, err := Open(o)
	require.NoError(w.t, err)
	w.t.Cleanup(func() { s.Close() })
	return s
}

func (w *world) file(path, content string, mode os.FileMode) {
	w.t.Helper()
	full := filepath.Join(w.tree, path)
	require.NoError(w.t, os.MkdirAll(filepath.Dir(full), 0o755))
	require.NoError(w.t, os.RemoveAll(full))
	require.NoError(w.t, os.WriteFile(full, []byte(content), 0o600))
	require.NoError(w.t, os.Chmod(full, mode))
}

func (w *world) link(path, target string) {
	w.t.Helper()
	full := filepath.Join(w.tree, path)
	require.NoError(w.t, os.MkdirAll(filepath.Dir(full), 0o755))
	require.NoError(w.t, os.RemoveAll(full))
	require.NoError(w.t, os.Symlink(target, full))
}

func (w *world) baseTree() {
	w.file("usr/lib/modules/6.1.2-lmp/vmlinuz", "kernel one", 0o644)
	w.file("usr/lib/modules/6.1.2-lmp/initramfs.img", "initramfs one", 0o644)
	w.file("usr/lib/os-release", "ID=lmp\nPRETTY_NAME=\"Linux microPlatform 4\"\n", 0o644)
	w.file("usr/bin/tool", "#!/bin/sh\n", 0o755)
	w.file("usr/bin/empty", "", 0o644)
	w.link("usr/bin/alias", "tool")
	w.file("usr/etc/passwd", "root:x:0:0\n", 0o644)
	w.file("usr/etc/conf.d/one.conf", "one\n", 0o644)
	w.file("usr/etc/conf.d/two.conf", "two\n", 0o644)
	require.NoError(w.t, os.MkdirAll(filepath.Join(w.tree, "var"), 0o755))
	require.NoError(w.t, os.MkdirAll(filepath.Join(w.tree, "sysroot"), 0o755))
	w.link("ostree", "sysroot/ostree")
	if w.mode == repo.Bare {
		w.file("usr/bin/su", "set-id", 0o4755)
		w.file("usr/etc/shadow", "root:*:\n", 0o600)
		require.NoError(w.t, os.Chown(filepath.Join(w.tree, "usr/etc/shadow"), 0, 42))
		require.NoError(w.t, unix.Setxattr(filepath.Join(w.tree, "usr/bin/tool"), "user.note", []byte("x"), 0))
		require.NoError(w.t, unix.Setxattr(filepath.Join(w.tree, "usr/etc/conf.d"), "user.note", []byte("dir"), 0))
	}
}

// commit commits the tree with the real ostree.
func (w *world) commit(ref, version string) object.Checksum {
	w.t.Helper()
	args := []string{"commit", "--repo=" + filepath.Join(w.dir, "ostree/repo"), "-b", ref, "--tree=dir=" + w.tree}
	if version != "" {
		args = append(args, "--add-metadata-string=version="+version)
	}
	if w.mode == repo.BareUserOnly {
		args = append(args, "--canonical-permissions")
	}
	sum, err := object.ParseChecksum(strings.TrimSpace(run(w.t, "ostree", args...)))
	require.NoError(w.t, err)
	return sum
}

// admin runs `ostree admin COMMAND` on the sysroot.
func (w *world) admin(command string, args ...string) string {
	w.t.Helper()
	return run(w.t, "ostree", append([]string{"admin", command, "--sysroot=" + w.dir}, args...)...)
}

func (w *world) fsck() {
	w.t.Helper()
	run(w.t, "ostree", "fsck", "--repo="+filepath.Join(w.dir, "ostree/repo"))
}

// path is a path in the tree of a deployment.
func (w *world) path(d Deployment, path string) string {
	return filepath.Join(w.dir, d.Path(), path)
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := tryRun(name, args...)
	require.NoError(t, err, out)
	return out
}

func tryRun(name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	// Flushing the disks of the whole machine is no part of what is compared.
	cmd.Env = append(os.Environ(), "OSTREE_SYSROOT_OPTS=skip-sync", "LC_ALL=C")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.String() + errs.String(), fmt.Errorf("%s: %w: %s", cmd, err, errs.String())
	}
	return out.String(), nil
}

// snapshot describes every file below dir: type, mode, owner, content or
// target, attributes. Times and inode numbers are no part of it.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if entry.IsDir() && (rel == "ostree/repo/tmp" || rel == "ostree/repo/state") {
			return fs.SkipDir
		}
		if rel == "ostree/repo/.lock" || rel == "ostree/lock" {
			return nil
		}
		files[rel] = describe(t, path)
		return nil
	}))
	return files
}

func describe(t *testing.T, path string) string {
	t.Helper()
	var st unix.Stat_t
	require.NoError(t, unix.Lstat(path, &st))
	text := fmt.Sprintf("%o %d:%d", st.Mode, st.Uid, st.Gid)
	switch {
	case isLink(&st):
		target, err := os.Readlink(path)
		require.NoError(t, err)
		text += " -> " + target
	case isFile(&st):
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		text += fmt.Sprintf(" links=%d", st.Nlink)
		if len(data) < 500 {
			text += fmt.Sprintf(" %q", data)
		} else {
			text += fmt.Sprintf(" %x", sha256.Sum256(data))
		}
	}
	names := make([]byte, 4096)
	n, err := unix.Llistxattr(path, names)
	require.NoError(t, err)
	for name := range strings.SplitSeq(string(names[:n]), "\x00") {
		if name == "" {
			continue
		}
		value := make([]byte, 4096)
		n, err := unix.Lgetxattr(path, name, value)
		require.NoError(t, err)
		text += fmt.Sprintf(" %s=%q", name, value[:n])
	}
	return text
}

// requireSame compares two directories file by file.
func requireSame(t *testing.T, want, got string) {
	t.Helper()
	a, b := snapshot(t, want), snapshot(t, got)
	var diff []string
	for path, text := range a {
		if other, ok := b[path]; !ok {
			diff = append(diff, fmt.Sprintf("missing: %s: %s", path, text))
		} else if other != text {
			diff = append(diff, fmt.Sprintf("differs: %s:\n\twant %s\n\t got %s", path, text, other))
		}
	}
	for path, text := range b {
		if _, ok := a[path]; !ok {
			diff = append(diff, fmt.Sprintf("extra: %s: %s", path, text))
		}
	}
	require.Empty(t, diff)
}
