package sysroot

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/repo"
)

// editor changes a directory; names are relative to it.
type editor struct {
	t   *testing.T
	dir string
}

func (e editor) at(name string) string { return filepath.Join(e.dir, name) }

func (e editor) file(name, content string) {
	e.t.Helper()
	require.NoError(e.t, os.MkdirAll(filepath.Dir(e.at(name)), 0o755))
	require.NoError(e.t, os.WriteFile(e.at(name), []byte(content), 0o644))
}

func (e editor) link(name, target string) {
	e.t.Helper()
	require.NoError(e.t, os.MkdirAll(filepath.Dir(e.at(name)), 0o755))
	require.NoError(e.t, os.RemoveAll(e.at(name)))
	require.NoError(e.t, os.Symlink(target, e.at(name)))
}

func (e editor) mkdir(name string, mode os.FileMode) {
	e.t.Helper()
	require.NoError(e.t, os.MkdirAll(e.at(name), 0o755))
	require.NoError(e.t, os.Chmod(e.at(name), mode))
}

func (e editor) remove(name string) {
	e.t.Helper()
	require.NoError(e.t, os.RemoveAll(e.at(name)))
}

func (e editor) chmod(name string, mode os.FileMode) {
	e.t.Helper()
	require.NoError(e.t, os.Chmod(e.at(name), mode))
}

// chown and xattr do something only where the user may.
func (e editor) chown(name string, uid, gid int) {
	e.t.Helper()
	if os.Geteuid() == 0 {
		require.NoError(e.t, os.Lchown(e.at(name), uid, gid))
	}
}

func (e editor) xattr(name, key, value string) {
	e.t.Helper()
	require.NoError(e.t, unix.Setxattr(e.at(name), key, []byte(value), 0))
}

func (e editor) fifo(name string) {
	e.t.Helper()
	require.NoError(e.t, unix.Mkfifo(e.at(name), 0o600))
}

func nothing(editor) {}

// etcCase has a directory of its own in /etc: old is what the first tree has
// there, admin what is done to it on the device, next what the second tree
// makes of old.
type etcCase struct {
	name             string
	old, admin, next func(editor)
}

var etcCases = []etcCase{
	{"untouched", func(e editor) { e.file("a", "1"); e.link("l", "a") }, nothing, func(e editor) { e.file("a", "2"); e.link("l", "b") }},
	{"modified", func(e editor) { e.file("a", "1") }, func(e editor) { e.file("a", "mine") }, nothing},
	{"same-size", func(e editor) { e.file("a", "1") }, func(e editor) { e.file("a", "2") }, nothing},
	{"modified-both", func(e editor) { e.file("a", "1") }, func(e editor) { e.file("a", "mine") }, func(e editor) { e.file("a", "2") }},
	{"modified-gone", func(e editor) { e.file("a", "1"); e.file("b", "1") }, func(e editor) { e.file("a", "mine") }, func(e editor) { e.remove("a") }},
	{"modified-dir-gone", func(e editor) { e.file("d/e/a", "1"); e.file("d/e/b", "1"); e.file("x", "") },
		func(e editor) { e.file("d/e/a", "mine"); e.chmod("d", 0o710) }, func(e editor) { e.remove("d") }},
	{"added", func(e editor) { e.file("x", "") }, func(e editor) { e.file("a", "mine"); e.chmod("a", 0o600) }, nothing},
	{"added-both", func(e editor) { e.file("x", "") }, func(e editor) { e.file("a", "mine") }, func(e editor) { e.file("a", "2") }},
	{"added-dir", func(e editor) { e.file("x", "") },
		func(e editor) {
			e.file("d/e/f", "mine")
			e.mkdir("d/empty", 0o700)
			e.link("d/l", "/absolute")
			e.chmod("d", 0o750)
		}, nothing},
	{"added-dir-both", func(e editor) { e.file("x", "") }, func(e editor) { e.file("d/mine", "m"); e.chmod("d", 0o700) },
		func(e editor) { e.file("d/theirs", "t") }},
	{"added-empty-dir-both", func(e editor) { e.file("x", "") }, func(e editor) { e.mkdir("d", 0o700) }, func(e editor) { e.file("d/theirs", "t") }},
	{"added-dir-file", func(e editor) { e.file("x", "") }, func(e editor) { e.file("d/mine", "m") }, func(e editor) { e.file("d", "t") }},
	{"removed", func(e editor) { e.file("a", "1"); e.file("x", "") }, func(e editor) { e.remove("a") }, nothing},
	{"removed-changed", func(e editor) { e.file("a", "1"); e.file("x", "") }, func(e editor) { e.remove("a") }, func(e editor) { e.file("a", "2") }},
	{"removed-both", func(e editor) { e.file("a", "1"); e.file("x", "") }, func(e editor) { e.remove("a") }, func(e editor) { e.remove("a") }},
	{"removed-dir", func(e editor) { e.file("d/e/a", "1"); e.file("x", "") }, func(e editor) { e.remove("d") }, func(e editor) { e.file("d/new", "2") }},
	{"removed-parent-gone", func(e editor) { e.file("d/a", "1"); e.file("x", "") }, func(e editor) { e.remove("d/a") }, func(e editor) { e.remove("d") }},
	{"mode", func(e editor) { e.file("a", "1") }, func(e editor) { e.chmod("a", 0o600) }, func(e editor) { e.file("a", "2") }},
	{"mode-dir", func(e editor) { e.file("d/a", "1") }, func(e editor) { e.chmod("d", 0o700) }, nothing},
	{"mode-dir-and-file", func(e editor) { e.file("d/a", "1") }, func(e editor) { e.chmod("d", 0o700); e.file("d/a", "mine") }, nothing},
	{"mode-dir-new", func(e editor) { e.file("d/a", "1") }, func(e editor) { e.file("d/a", "mine") }, func(e editor) { e.chmod("d", 0o700) }},
	{"set-id", func(e editor) { e.file("a", "1") }, func(e editor) { e.chmod("a", 0o755|os.ModeSetuid) }, nothing},
	{"owner", func(e editor) { e.file("a", "1"); e.file("d/b", "1"); e.link("l", "a") },
		func(e editor) {
			e.chown("a", 10, 20)
			e.chown("d", 11, 21)
			e.chown("d/b", 12, 22)
			e.chown("l", 13, 23)
		}, nothing},
	{"owner-added", func(e editor) { e.file("x", "") },
		func(e editor) { e.file("d/b", "1"); e.chown("d", 11, 21); e.chown("d/b", 12, 22) }, nothing},
	{"xattr-only", func(e editor) { e.file("a", "1") }, func(e editor) { e.xattr("a", "user.k", "v") }, nothing},
	{"xattr-modified", func(e editor) { e.file("a", "1") }, func(e editor) { e.file("a", "mine"); e.xattr("a", "user.k", "v") }, nothing},
	{"xattr-added-dir", func(e editor) { e.file("x", "") }, func(e editor) { e.file("d/a", "m"); e.xattr("d", "user.k", "v") }, nothing},
	{"link-retargeted", func(e editor) { e.link("l", "a") }, func(e editor) { e.link("l", "mine") }, func(e editor) { e.link("l", "b") }},
	{"file-to-link", func(e editor) { e.file("a", "1") }, func(e editor) { e.link("a", "/dev/null") }, func(e editor) { e.file("a", "2") }},
	{"link-to-file", func(e editor) { e.link("a", "x") }, func(e editor) { e.remove("a"); e.file("a", "mine") }, func(e editor) { e.link("a", "y") }},
	{"file-to-dir", func(e editor) { e.file("a", "1") }, func(e editor) { e.remove("a"); e.file("a/b/c", "mine") }, func(e editor) { e.file("a", "2") }},
	{"link-to-dir", func(e editor) { e.link("a", "x") }, func(e editor) { e.remove("a"); e.file("a/b", "mine") }, nothing},
	{"dir-to-file", func(e editor) { e.file("d/a", "1"); e.file("x", "") }, func(e editor) { e.remove("d"); e.file("d", "mine") }, func(e editor) { e.remove("d") }},
	{"dir-to-link", func(e editor) { e.file("d/a", "1"); e.file("x", "") }, func(e editor) { e.link("d", "/srv") }, func(e editor) { e.remove("d"); e.file("d", "t") }},
	{"new-file-is-link", func(e editor) { e.file("a", "1"); e.file("b", "1") }, func(e editor) { e.file("a", "mine") }, func(e editor) { e.link("a", "b") }},
	{"parent-is-link-inside", func(e editor) { e.file("d/a", "1"); e.file("d/gone", "1"); e.file("d/kept", "1") },
		func(e editor) { e.file("d/a", "mine"); e.file("d/new", "mine"); e.remove("d/gone") },
		func(e editor) { e.remove("d"); e.file("real/a", "2"); e.file("real/gone", "2"); e.link("d", "real") }},
	{"fifo", func(e editor) { e.file("x", "") }, func(e editor) { e.fifo("pipe") }, nothing},
	{"fifo-over-file", func(e editor) { e.file("a", "1"); e.file("x", "") }, func(e editor) { e.remove("a"); e.fifo("a") }, nothing},
	{"odd-names", func(e editor) { e.file("x", "") }, func(e editor) { e.file("a b\nc", "m"); e.file("-n", "m"); e.file("\xff", "m") }, nothing},
	{"empty", func(e editor) { e.file("a", "") }, func(e editor) { e.file("b", "") }, nothing},
	{"updated-stamp-below", func(e editor) { e.file("x", "") }, func(e editor) { e.file(".updated", "") }, nothing},
}

func TestEtcMergeLikeOstree(t *testing.T) {
	forEachMode(t, func(t *testing.T, mode repo.Mode) {
		w := newWorld(t, mode)
		for _, c := range etcCases {
			c.old(editor{t, filepath.Join(w.tree, "usr/etc", c.name)})
		}
		w.commit("main", "1")
		w.admin("deploy", "--os="+testOS, "main")
		first := w.open().Deployments()[0]
		for _, c := range etcCases {
			c.admin(editor{t, w.path(first, "etc/"+c.name)})
			c.next(editor{t, filepath.Join(w.tree, "usr/etc", c.name)})
		}
		top := editor{t, w.path(first, "etc")}
		top.file("hostname", "device")
		top.file(".updated", "stamp")
		top.chmod("conf.d", 0o711)
		require.NoError(t, os.WriteFile(filepath.Join(w.dir, "ostree/deploy", testOS, "var/.updated"), nil, 0o644))
		deployBoth(t, w, "main", w.commit("main", "2"))
		require.NoFileExists(t, filepath.Join(w.dir, "ostree/deploy", testOS, "var/.updated"))
		second := w.open().Deployments()[0]
		require.NoFileExists(t, w.path(second, "etc/.updated"))
		require.FileExists(t, w.path(second, "etc/hostname"))
	})
}

// etcRefusals are changes that libostree does not merge.
var etcRefusals = []etcCase{
	{"file-became-dir", func(e editor) { e.file("a", "1") }, func(e editor) { e.file("a", "mine") }, func(e editor) { e.remove("a"); e.file("a/b", "2") }},
	{"dir-made-file", func(e editor) { e.file("d/a", "1") }, func(e editor) { e.remove("d"); e.file("d", "mine") }, nothing},
	{"dir-made-link", func(e editor) { e.file("d/a", "1") }, func(e editor) { e.link("d", "/srv") }, nothing},
	{"parent-became-file", func(e editor) { e.file("d/a", "1") }, func(e editor) { e.file("d/a", "mine") }, func(e editor) { e.remove("d"); e.file("d", "2") }},
	{"removed-below-file", func(e editor) { e.file("d/a", "1"); e.file("d/b", "1") }, func(e editor) { e.remove("d/a") }, func(e editor) { e.remove("d"); e.file("d", "2") }},
	{"fifo-in-added-dir", func(e editor) { e.file("x", "") }, func(e editor) { e.mkdir("d", 0o755); e.fifo("d/pipe") }, nothing},
}

func TestEtcMergeRefusedLikeOstree(t *testing.T) {
	for _, c := range etcRefusals {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, repo.BareUserOnly)
			c.old(editor{t, filepath.Join(w.tree, "usr/etc", c.name)})
			w.commit("main", "1")
			w.admin("deploy", "--os="+testOS, "main")
			s := w.open()
			c.admin(editor{t, w.path(s.Deployments()[0], "etc/"+c.name)})
			c.next(editor{t, filepath.Join(w.tree, "usr/etc", c.name)})
			commit := w.commit("main", "2")

			theirs := w.copy()
			out, err := tryRun("ostree", "admin", "deploy", "--sysroot="+theirs.dir, "--os="+testOS, "main")
			require.Error(t, err, "libostree does it: %s", out)
			t.Log(out)

			before := snapshot(t, w.dir)
			_, err = s.Deploy(t.Context(), Request{OS: testOS, Commit: commit, Refspec: "main"})
			require.ErrorIs(t, err, ErrMerge)
			t.Log(err)
			require.Equal(t, before, snapshot(t, w.dir), "a refused deployment leaves nothing")
		})
	}
}

// A symbolic link of the new tree must not lead the merge out of it.
func TestEtcMergeStaysInside(t *testing.T) {
	for name, target := range map[string]string{"absolute": "/tmp", "parents": "../../../../../../../.."} {
		for _, change := range []string{"modify", "remove"} {
			t.Run(name+"/"+change, func(t *testing.T) {
				w := newWorld(t, repo.BareUserOnly)
				outside := t.TempDir()
				require.NoError(t, os.WriteFile(filepath.Join(outside, "a"), []byte("outside"), 0o644))
				if target == "/tmp" {
					target = outside
				}
				w.file("usr/etc/d/a", "1", 0o644)
				w.commit("main", "1")
				w.admin("deploy", "--os="+testOS, "main")
				s := w.open()
				edit := editor{t, w.path(s.Deployments()[0], "etc/d")}
				if change == "modify" {
					edit.file("a", "mine")
				} else {
					edit.remove("a")
				}
				require.NoError(t, os.RemoveAll(filepath.Join(w.tree, "usr/etc/d")))
				w.link("usr/etc/d", target)
				_, err := s.Deploy(t.Context(), Request{OS: testOS, Commit: w.commit("main", "2")})
				require.ErrorIs(t, err, ErrMerge)
				data, err := os.ReadFile(filepath.Join(outside, "a"))
				require.NoError(t, err)
				require.Equal(t, "outside", string(data))
			})
		}
	}
}
