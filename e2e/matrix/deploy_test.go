//go:build factory

package matrix

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
	"github.com/sotabox/sotabox/ostreelite/sysroot"
)

const stateroot = "matrix"

// device is a scratch sysroot and what is published for it.
type device struct {
	t                  *testing.T
	mode               repo.Mode
	dir, tree, archive string
}

func newDevice(t *testing.T, mode repo.Mode) *device {
	t.Helper()
	base := t.TempDir()
	d := &device{t: t, mode: mode, dir: filepath.Join(base, "sysroot"), tree: filepath.Join(base, "tree"),
		archive: theirRepo(t, repo.Archive)}
	require.NoError(t, os.Mkdir(d.dir, 0o755))
	t.Cleanup(func() { mutable(t, d.dir) })
	require.NoError(t, sysroot.Init(d.dir, mode))
	s := d.open()
	require.NoError(t, s.InitOS(stateroot))
	require.NoError(t, s.Close())
	m := newMaker(t, d.tree)
	m.file("usr/lib/modules/6.1.0/vmlinuz", "a kernel", 0o644)
	m.file("usr/lib/modules/6.1.0/initramfs.img", "an initramfs", 0o644)
	m.file("usr/lib/os-release", "ID=matrix\nNAME=Matrix\n", 0o644)
	m.file("usr/etc/hostname", "matrix\n", 0o644)
	m.mkdir("ostree", 0o755)
	m.mkdir("sysroot", 0o755)
	// What goes to /etc is copied, not linked.
	for _, dir := range []string{"usr/share/specimen", "usr/etc/specimen"} {
		specimen(t, filepath.Join(d.tree, dir))
		// In a deployment libostree makes a device of this file: not a matter of content.
		require.NoError(t, os.Remove(filepath.Join(d.tree, dir, "names/files", whiteout)))
	}
	// Nor can it merge paths in /etc that are longer than the system takes.
	require.NoError(t, os.RemoveAll(filepath.Join(d.tree, "usr/etc/specimen/depths", farAway)))
	return d
}

// mutable lets the testing package remove deployments.
func mutable(t *testing.T, dir string) {
	trees, err := filepath.Glob(filepath.Join(dir, "ostree/deploy/*/deploy/*.*"))
	require.NoError(t, err)
	for _, tree := range trees {
		f, err := os.Open(tree)
		require.NoError(t, err)
		if isRoot {
			require.NoError(t, unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, 0))
		}
		f.Close()
	}
}

func (d *device) open() *sysroot.Sysroot {
	d.t.Helper()
	s, err := sysroot.Open(sysroot.Options{Path: d.dir})
	require.NoError(d.t, err)
	d.t.Cleanup(func() { s.Close() })
	return s
}

// publish commits the tree with a change in it.
func (d *device) publish(version int) object.Checksum {
	m := newMaker(d.t, d.tree)
	m.file("usr/share/version", fmt.Sprint(version), 0o644)
	if version%3 == 0 {
		m.file("usr/lib/modules/6.1.0/vmlinuz", fmt.Sprint("kernel of ", version), 0o644)
	}
	if d.mode == repo.BareUserOnly {
		return theirCommit(d.t, d.archive, d.tree, "--canonical-permissions", "--no-xattrs")
	}
	return theirCommit(d.t, d.archive, d.tree)
}

func (d *device) deployOurs(c object.Checksum) {
	s := d.open()
	defer s.Close()
	ourPull(d.t, s.Repo(), serve(d.t, d.archive, nil), c)
	_, err := s.Deploy(context.Background(), sysroot.Request{OS: stateroot, Commit: c, Refspec: "main"})
	require.NoError(d.t, err)
}

func (d *device) deployTheirs(c object.Checksum) {
	path := filepath.Join(d.dir, "ostree/repo")
	theirPullLocal(d.t, path, d.archive, c)
	ostree(d.t, "admin", "deploy", "--sysroot="+d.dir, "--os="+stateroot, "main")
}

// requireDeployed demands that both sides see the commit as the one that boots next,
// and that it is there as a checkout of the real ostree would be.
func (d *device) requireDeployed(c object.Checksum) {
	d.t.Helper()
	s := d.open()
	defer s.Close()
	first := s.Deployments()[0]
	require.Equal(d.t, c, first.Commit)
	status := ostree(d.t, "admin", "status", "--sysroot="+d.dir)
	require.Equal(d.t, stateroot+" "+first.Name(), strings.Split(status, "\n")[0])
	requireSound(d.t, filepath.Join(d.dir, "ostree/repo"), c)

	want, got := describe(d.t, theirCheckout(d.t, s.Repo().Path(), c)), describe(d.t, filepath.Join(d.dir, first.Path()))
	for _, side := range []map[string]string{want, got} {
		for path := range side {
			if path == "." || within(path, "./etc") || within(path, "./ostree") {
				delete(side, path)
			}
		}
	}
	requireSameTree(d.t, want, got)
}

func within(path, dir string) bool {
	return path == dir || len(path) > len(dir) && path[:len(dir)+1] == dir+"/"
}

// etc is what a deployment has of the specimen in /etc.
func (d *device) etc() map[string]string {
	d.t.Helper()
	s := d.open()
	defer s.Close()
	return describe(d.t, filepath.Join(d.dir, s.Deployments()[0].Path(), "etc/specimen"))
}

// TestDeploysInTurns deploys a specimen with either side after the other, and wants
// the same /etc from both.
func TestDeploysInTurns(t *testing.T) {
	modes := []repo.Mode{repo.BareUserOnly}
	if isRoot {
		modes = append(modes, repo.Bare)
	}
	if isRoot && full() {
		modes = append(modes, repo.BareUser, repo.Archive)
	}
	for _, mode := range modes {
		t.Run(mode.String(), func(t *testing.T) {
			d := newDevice(t, mode)
			var etc map[string]string
			for version, deploy := range []func(object.Checksum){
				d.deployTheirs, d.deployOurs, d.deployOurs, d.deployTheirs,
			} {
				c := d.publish(version)
				deploy(c)
				d.requireDeployed(c)
				if version == 0 {
					etc = d.etc()
				}
				requireSameTree(t, etc, d.etc())
			}
		})
	}
}
