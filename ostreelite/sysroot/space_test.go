package sysroot

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

func TestBootSpaceFor(t *testing.T) {
	for _, test := range []struct {
		need, free, freeable int64
		want                 bootSpace
	}{
		{10, 10, 0, bootFits},
		{10, 20, 50, bootFits},
		{10, 9, 0, bootTooSmall},
		{10, 9, 1, bootFitsPruned},
		{10, 0, 10, bootFitsPruned},
		{10, 4, 5, bootTooSmall},
	} {
		require.Equal(t, test.want, bootSpaceFor(test.need, test.free, test.freeable), "%v", test)
	}
}

// bigKernel commits a tree with a kernel of that many KiB.
func (w *world) bigKernel(version string, size int) object.Checksum {
	w.t.Helper()
	w.file("usr/lib/modules/6.1.2-lmp/vmlinuz", strings.Repeat(version, size<<10), 0o644)
	return w.commit("main", version)
}

// smallBoot has a boot of 1400 KiB, for two kernels of 512 KiB and not three.
func smallBoot(t *testing.T) (*world, *fatMount) {
	t.Helper()
	return fatWorld(t, true, 1400/4)
}

func (w *world) deploy(o Options, c object.Checksum) (*Sysroot, error) {
	w.t.Helper()
	s := w.openWith(o)
	_, err := s.Deploy(w.t.Context(), Request{OS: testOS, Commit: c, Refspec: "main"})
	return s, err
}

// A boot that has no room for a third kernel loses the one that would go anyway
// before the new one comes, but never what runs, what is pinned, or anything if
// it does not help.
func TestEarlyPrune(t *testing.T) {
	if os.Geteuid() != 0 {
		// There is no small file system to be had; this one is never pruned.
		w := deployed(t, repo.BareUserOnly, "1", "2")
		s := w.open()
		kernel := &kernelLayout{files: []bootFile{}, extra: -1}
		room, err := s.checkBootSpace(kernel, nil)
		require.NoError(t, err)
		require.Equal(t, bootFits, room)
		return
	}
	w, _ := smallBoot(t)
	_, err := w.deploy(Options{}, w.bigKernel("1", 512))
	require.NoError(t, err)
	booted := w.bootedOptions()
	s, err := w.deploy(booted, w.bigKernel("2", 512))
	require.NoError(t, err)
	require.Equal(t, "2 1", versions(s.Deployments()))

	// 1 runs, 2 is the default and goes.
	var text bytes.Buffer
	booted.Log = slog.New(slog.NewTextHandler(&text, nil))
	s, err = w.deploy(booted, w.bigKernel("3", 512))
	require.NoError(t, err)
	require.Equal(t, "3 1", versions(s.Deployments()))
	require.Contains(t, text.String(), "boot has no room for one more kernel")
	_, ok := s.Booted()
	require.True(t, ok)
	w.fsck()

	// 3 is pinned and stays, so that there is no room for 4.
	require.NoError(t, s.SetPinned(t.Context(), s.Deployments()[0], true))
	c := w.bigKernel("4", 512)
	before := bootContents(t, filepath.Join(w.dir, "boot"))
	s, err = w.deploy(booted, c)
	require.ErrorIs(t, err, ErrNoSpace)
	require.ErrorContains(t, err, "bytes needed for the kernel")
	require.ErrorContains(t, err, "0 to be freed in the file system of "+filepath.Join(w.dir, "boot"))
	require.Equal(t, "3 1", versions(s.Deployments()))
	require.Equal(t, before, bootContents(t, filepath.Join(w.dir, "boot")))
	trees, err := filepath.Glob(filepath.Join(w.dir, "ostree/deploy", testOS, "deploy/*"))
	require.NoError(t, err)
	require.Len(t, trees, 4, "two deployments with their origins")

	// What would not fit alone removes nothing either.
	require.NoError(t, s.SetPinned(t.Context(), s.Deployments()[0], false))
	s, err = w.deploy(booted, w.bigKernel("5", 1100))
	require.ErrorIs(t, err, ErrNoSpace)
	require.Equal(t, "3 1", versions(s.Deployments()))

	// A kernel that is there needs no room.
	w.file("usr/bin/tool", "same kernel", 0o755)
	s, err = w.deploy(booted, w.bigKernel("3", 512))
	require.NoError(t, err)
	require.Equal(t, "3 1", versions(s.Deployments()))
}

// The power is cut while room is made: what ran is still there.
func TestEarlyPruneCut(t *testing.T) {
	if os.Geteuid() != 0 {
		return
	}
	w, f := smallBoot(t)
	_, err := w.deploy(Options{}, w.bigKernel("1", 512))
	require.NoError(t, err)
	for n, cut := 1, true; cut; n += 2 {
		booted := w.bootedOptions()
		running := w.open().Deployments()[0]
		_, err := w.deploy(booted, w.bigKernel("2", 512))
		require.NoError(t, err)
		c := w.bigKernel("3", 512)
		f.cutAfter(n)
		_, err = w.deploy(booted, c)
		cut = f.restore()
		if !cut {
			require.NoError(t, err)
		}
		s := w.openWith(booted)
		require.GreaterOrEqual(t, indexOf(s.Deployments(), running), 0)
		for _, d := range s.Deployments() {
			require.Equal(t, d.Version, w.bootText(d.entry.keys["linux"])[:1])
		}
		_, err = s.Deploy(t.Context(), Request{OS: testOS, Commit: c, Refspec: "main"})
		require.NoError(t, err)
		require.Equal(t, "3 1", versions(s.Deployments()))
		require.NoError(t, s.SetDefault(t.Context(), running))
	}
}

// /etc is measured before anything is written.
func TestNoRoomForEtc(t *testing.T) {
	w := deployed(t, repo.BareUserOnly, "1")
	w.file("usr/etc/big", strings.Repeat("x", 8<<20), 0o644)
	c := w.next("2")
	s := w.open()
	need, err := s.treeSize(t.Context(), func() object.Checksum {
		e, err := s.Repo().Lookup(c, "usr/etc")
		require.NoError(t, err)
		return e.Tree
	}(), 0)
	require.NoError(t, err)
	require.Greater(t, need, int64(8<<20))
	require.Less(t, need, int64(9<<20))
	w.config("core.min-free-space-size", "900000000MB")
	s = w.open()
	_, err = s.Deploy(t.Context(), Request{OS: testOS, Commit: c})
	require.ErrorIs(t, err, ErrNoSpace)
	require.ErrorContains(t, err, "bytes needed")
	require.ErrorContains(t, err, "free beside the reserve in "+w.dir)
	require.NoDirExists(t, filepath.Join(w.dir, "ostree/deploy", testOS, "deploy", deployName(c, 0)))
}
