package sysroot

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// deployed is a world with as many deployments of the stateroot, all made by
// the real ostree.
func deployed(t *testing.T, mode repo.Mode, versions ...string) *world {
	t.Helper()
	w := newWorld(t, mode)
	for _, v := range versions {
		w.next(v)
		w.admin("deploy", "--os="+testOS, "--retain", "main")
	}
	return w
}

// next commits a tree with another content and kernel.
func (w *world) next(version string) object.Checksum {
	w.t.Helper()
	w.file("usr/bin/tool", version, 0o755)
	w.file("usr/lib/modules/6.1.2-lmp/vmlinuz", "kernel "+version, 0o644)
	return w.commit("main", version)
}

func versions(list []Deployment) string {
	var out []string
	for _, d := range list {
		out = append(out, d.Version)
	}
	return strings.Join(out, " ")
}

func TestSetDefault(t *testing.T) {
	forEachMode(t, func(t *testing.T, mode repo.Mode) {
		w := deployed(t, mode, "1", "2", "3")
		s := w.open()
		require.Equal(t, "3 2 1", versions(s.Deployments()))
		require.NoError(t, s.SetDefault(t.Context(), s.Deployments()[2]))
		require.Equal(t, "1 3 2", versions(s.Deployments()))
		before := snapshot(t, w.dir)
		require.NoError(t, s.SetDefault(t.Context(), s.Deployments()[0]))
		require.Equal(t, before, snapshot(t, w.dir), "it is the default already")
		status := w.admin("status")
		require.Less(t, strings.Index(status, "Version: 1"), strings.Index(status, "Version: 3"))
		w.fsck()

		gone := s.Deployments()[2]
		w.admin("undeploy", "2")
		require.ErrorIs(t, s.SetDefault(t.Context(), gone), ErrNoDeployment)
		require.Equal(t, "1 3", versions(s.Deployments()), "what is on disk counts")
	})
}

// Going back to a deployment and on from it is what an update that fails does.
func TestRollbackThenDeploy(t *testing.T) {
	w := deployed(t, repo.BareUserOnly, "1")
	s := w.open()
	two := w.next("2")
	_, err := s.Deploy(t.Context(), Request{OS: testOS, Commit: two, Refspec: "main"})
	require.NoError(t, err)
	require.NoError(t, s.SetDefault(t.Context(), s.Deployments()[1]))
	require.Equal(t, "1 2", versions(s.Deployments()))
	three := w.next("3")
	d, err := s.Deploy(t.Context(), Request{OS: testOS, Commit: three, Refspec: "main"})
	require.NoError(t, err)
	require.Equal(t, three, d.Commit)
	require.Equal(t, "3 1", versions(s.Deployments()))
	w.admin("status")
	w.fsck()
	ok, err := s.Repo().Has(object.Name{Type: object.TypeCommit, Checksum: two})
	require.NoError(t, err)
	require.False(t, ok, "what no deployment and no ref needs is pruned")
}

func TestPin(t *testing.T) {
	w := deployed(t, repo.BareUserOnly, "1", "2")
	s := w.open()
	require.NoError(t, s.SetPinned(t.Context(), s.Deployments()[1], true))
	require.True(t, s.Deployments()[1].Pinned)
	require.Contains(t, w.admin("status"), "Pinned: yes")
	_, err := s.Deploy(t.Context(), Request{OS: testOS, Commit: w.next("3"), Refspec: "main"})
	require.NoError(t, err)
	require.Equal(t, "3 2 1", versions(s.Deployments()))
	require.Equal(t, "main", s.Deployments()[2].Refspec)

	w.admin("pin", "--unpin", "2")
	w.admin("pin", "1")
	_, err = s.Deploy(t.Context(), Request{OS: testOS, Commit: w.next("4"), Refspec: "main"})
	require.NoError(t, err)
	require.Equal(t, "4 3 2", versions(s.Deployments()))
	require.NoError(t, s.SetPinned(t.Context(), s.Deployments()[2], false))
	require.NotContains(t, w.admin("status"), "Pinned: yes")
	require.ErrorIs(t, s.SetPinned(t.Context(), Deployment{OS: testOS}, true), ErrNoDeployment)
}

func TestOtherStaterootsStay(t *testing.T) {
	w := deployed(t, repo.BareUserOnly, "1")
	w.admin("os-init", "other")
	w.admin("deploy", "--os=other", "main")
	s := w.open()
	require.Equal(t, "other lmp", s.Deployments()[0].OS+" "+s.Deployments()[1].OS)
	deployBoth(t, w, "main", w.next("2"))
	deployBoth(t, w, "main", w.next("3"))
	s = w.open()
	require.Equal(t, "3 2 1", versions(s.Deployments()))
	require.Equal(t, "other", s.Deployments()[2].OS)
}

func TestDeployAgainDoesNothing(t *testing.T) {
	w := deployed(t, repo.BareUserOnly, "1")
	s := w.open()
	r := Request{OS: testOS, Commit: w.next("2"), Refspec: "main"}
	d, err := s.Deploy(t.Context(), r)
	require.NoError(t, err)
	before := snapshot(t, w.dir)
	again, err := s.Deploy(t.Context(), r)
	require.NoError(t, err)
	require.True(t, again.Same(d))
	require.Equal(t, before, snapshot(t, w.dir))

	// Other kernel arguments are another deployment.
	r.KernelArgs = []string{"debug"}
	again, err = s.Deploy(t.Context(), r)
	require.NoError(t, err)
	require.Equal(t, 1, again.Serial)
	require.Equal(t, []string{"debug"}, again.KernelArgs)
	w.admin("status")
}

func TestBooted(t *testing.T) {
	w := deployed(t, repo.BareUserOnly, "1", "2")
	list := w.open().Deployments()
	link := bootLink{list[1].BootVersion, testOS, list[1].BootChecksum, list[1].BootSerial}
	cmdline := "root=/dev/sda ostree=" + link.String() + " quiet\n"

	s := w.openWith(Options{Booted: true, Cmdline: cmdline})
	booted, ok := s.Booted()
	require.True(t, ok)
	require.True(t, booted.Same(list[1]))

	// The booted one is merged from, and stays with the new one.
	require.NoError(t, os.WriteFile(w.path(booted, "etc/mine"), nil, 0o644))
	three := w.next("3")
	d, err := s.Deploy(t.Context(), Request{Commit: three, Refspec: "main"})
	require.NoError(t, err)
	require.Equal(t, testOS, d.OS)
	require.FileExists(t, w.path(d, "etc/mine"))
	require.Equal(t, "3 1", versions(s.Deployments()))

	// The list is known to lack the running deployment: nothing may change.
	for _, line := range []string{"quiet", "ostree=" + bootLink{0, testOS, "nope", 0}.String()} {
		s = w.openWith(Options{Booted: true, Cmdline: line})
		_, ok = s.Booted()
		require.False(t, ok)
		before := snapshot(t, w.dir)
		_, err = s.Deploy(t.Context(), Request{OS: testOS, Commit: w.next("4")})
		require.ErrorIs(t, err, ErrNotBooted)
		require.ErrorIs(t, s.SetDefault(t.Context(), s.Deployments()[1]), ErrNotBooted)
		require.ErrorIs(t, s.Cleanup(t.Context()), ErrNotBooted)
		require.Equal(t, before["boot/loader"], snapshot(t, w.dir)["boot/loader"])
	}
	_, err = Open(Options{Path: w.dir, Booted: true, Cmdline: "ostree=/../../etc"})
	require.ErrorIs(t, err, ErrMalformed)

	s = w.open()
	_, ok = s.Booted()
	require.False(t, ok)
}

func TestLockExcludesOstree(t *testing.T) {
	w := deployed(t, repo.BareUserOnly, "1", "2")
	s := w.open()
	unlock, err := s.lock(t.Context())
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() {
		_, err := tryRun("ostree", "admin", "undeploy", "--sysroot="+w.dir, "1")
		done <- err
	}()
	select {
	case err := <-done:
		t.Fatal("ostree went past our lock:", err)
	case <-time.After(500 * time.Millisecond):
	}
	other := w.open()
	ctx, cancel := context.WithTimeout(t.Context(), 250*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, other.SetDefault(ctx, other.Deployments()[1]), ErrLocked)
	var text strings.Builder
	patient := w.openWith(Options{LockTimeout: 250 * time.Millisecond, Log: slog.New(slog.NewTextHandler(&text, nil))})
	err = patient.SetDefault(t.Context(), patient.Deployments()[1])
	require.ErrorIs(t, err, ErrLocked)
	require.ErrorContains(t, err, "another process has held ostree/lock for 250ms")
	require.Equal(t, 1, strings.Count(text.String(), "waiting for another process"), "it is said once")
	unlock()
	require.NoError(t, <-done)
	require.NoFileExists(t, filepath.Join(w.dir, "ostree/lock"))
	require.NoError(t, other.Cleanup(t.Context()))
	require.Len(t, other.Deployments(), 1)
}

func TestCleanupRemovesLeftovers(t *testing.T) {
	w := deployed(t, repo.BareUserOnly, "1", "2")
	s := w.open()
	before := snapshot(t, w.dir)
	outside := filepath.Join(t.TempDir(), "keep")
	require.NoError(t, os.WriteFile(outside, nil, 0o644))

	stray := editor{t, filepath.Join(w.dir, "ostree/deploy", testOS, "deploy", deployName(s.Deployments()[0].Commit, 7))}
	stray.file("usr/bin/x", "")
	stray.mkdir("closed", 0o755)
	stray.file("closed/x", "")
	stray.chmod("closed", 0)
	stray.link("out", filepath.Dir(outside))
	require.NoError(t, os.WriteFile(stray.dir+".origin", nil, 0o644))
	require.NoError(t, os.WriteFile(strings.TrimSuffix(stray.dir, "7")+"0.origin.tmp", nil, 0o644))
	require.NoError(t, os.WriteFile(strings.TrimSuffix(stray.dir, "7")+"8.origin", nil, 0o644))
	other := editor{t, w.dir}
	sum := strings.Repeat("ab", 32)
	other.file("boot/ostree/lmp-"+sum+"/vmlinuz", "")
	other.file("boot/ostree/initramfs-overlays/"+sum+".img", "")
	other.link("boot/loader.tmp", "loader.0")
	other.link("ostree/boot.0.tmp", "boot.0.1")
	stale := 1 - s.bootVersion
	other.file(fmt.Sprintf("boot/loader.%d/entries/ostree-1-lmp.conf", stale), "x")
	other.link("ostree/"+bootDirName(stale), filepath.Dir(outside))
	for _, name := range []string{subBootDirName(stale, 0), subBootDirName(stale, 1), subBootDirName(s.bootVersion, 1-s.subBootVersion)} {
		other.link("ostree/"+name, filepath.Dir(outside))
	}
	require.NoError(t, s.Cleanup(t.Context()))
	require.FileExists(t, outside)
	require.NoError(t, os.Remove(other.at("boot/ostree/initramfs-overlays")))
	require.Equal(t, before, snapshot(t, w.dir))
}

func TestLogTellsWhatHappens(t *testing.T) {
	w := deployed(t, repo.BareUserOnly, "1")
	var text strings.Builder
	s := w.openWith(Options{Log: slog.New(slog.NewTextHandler(&text, nil))})
	_, err := s.Deploy(t.Context(), Request{OS: testOS, Commit: w.next("2")})
	require.NoError(t, err)
	require.Contains(t, text.String(), "carried over changes in /etc")
	require.Contains(t, text.String(), "boot configuration changed")
}

// What fails after the tree was made leaves nothing behind either.
func TestFailedSwapIsCleanedUp(t *testing.T) {
	w := deployed(t, repo.BareUserOnly, "1")
	c := w.next("2")
	s := w.open()
	before := snapshot(t, w.dir)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	// The last word before the swap, after everything was written.
	s.opt.Now = func() time.Time { cancel(); return time.Time{} }
	_, err := s.Deploy(ctx, Request{OS: testOS, Commit: c})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, before, snapshot(t, w.dir))
	s.opt.Now = time.Now
	_, err = s.Deploy(t.Context(), Request{OS: testOS, Commit: c})
	require.NoError(t, err)
}

func TestOnlyWithKernel(t *testing.T) {
	l := list("p q X")
	l[1].BootChecksum = "other"
	require.Equal(t, "q", onlyWithKernel(l, bootLink{os: "a", bootChecksum: "other"}).Version)
	require.Nil(t, onlyWithKernel(l, bootLink{os: "b", bootChecksum: "other"}))
	require.Nil(t, onlyWithKernel(list("p q"), bootLink{os: "a", bootChecksum: "k"}))
}
