package sysroot

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// deployBoth deploys one commit from one state, with the real ostree in one
// copy and with this package in the other, and requires the same files.
func deployBoth(t *testing.T, w *world, ref string, c object.Checksum, kargs ...string) {
	t.Helper()
	theirs := w.copy()
	args := []string{"--os=" + testOS}
	for _, a := range kargs {
		args = append(args, "--karg-append="+a)
	}
	if len(kargs) > 0 {
		args = append(args, "--karg-none")
	}
	theirs.admin("deploy", append(args, ref)...)
	s := w.openWith(Options{GrubGenerator: os.Getenv("OSTREE_GRUB2_EXEC")})
	d, err := s.Deploy(t.Context(), Request{OS: testOS, Commit: c, Refspec: ref, KernelArgs: kargs})
	require.NoError(t, err)
	require.Equal(t, c, d.Commit)
	require.Equal(t, d.Name(), s.Deployments()[0].Name())
	requireSame(t, theirs.dir, w.dir)
	w.fsck()
	status := w.admin("status")
	require.Contains(t, status, d.Name())
	require.Equal(t, theirs.admin("status"), status)
}

func TestInitLikeOstree(t *testing.T) {
	base := t.TempDir()
	theirs, ours := filepath.Join(base, "theirs"), filepath.Join(base, "ours")
	require.NoError(t, os.Mkdir(theirs, 0o755))
	require.NoError(t, os.Mkdir(ours, 0o755))
	run(t, "ostree", "admin", "init-fs", "--modern", theirs)
	run(t, "ostree", "admin", "os-init", "--sysroot="+theirs, testOS)
	require.NoError(t, Init(ours, repo.Bare))
	s, err := Open(Options{Path: ours})
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.InitOS(testOS))
	require.ErrorIs(t, s.InitOS(testOS), os.ErrExist)
	require.ErrorIs(t, s.InitOS("../x"), ErrMalformed)
	require.NoError(t, Init(ours, repo.Bare))
	requireSame(t, theirs, ours)
}

func TestDeployLikeOstree(t *testing.T) {
	forEachMode(t, func(t *testing.T, mode repo.Mode) {
		w := newWorld(t, mode)
		c := w.commit("main", "1")
		deployBoth(t, w, "main", c, "root=LABEL=otaroot", "console=ttyS0", "console=tty0", "quiet")

		// The same kernel and version, another tree: links only.
		w.file("usr/bin/tool", "#!/bin/sh\necho 2\n", 0o755)
		c = w.commit("main", "1")
		before := entryNames(t, w)
		deployBoth(t, w, "main", c)
		require.NotEqual(t, before, entryNames(t, w), "one more deployment needs new entries")
		w.file("usr/bin/tool", "#!/bin/sh\necho 3\n", 0o755)
		c = w.commit("main", "1")
		before = entryNames(t, w)
		deployBoth(t, w, "main", c)
		require.Equal(t, before, entryNames(t, w))

		// Another kernel, with device trees; a version for the title.
		w.file("usr/lib/modules/6.1.2-lmp/vmlinuz", "kernel two", 0o644)
		w.file("usr/lib/modules/6.1.2-lmp/dtb/vendor/board.dtb", "board", 0o644)
		w.file("usr/lib/modules/6.1.2-lmp/dtb/other.dtb", "other", 0o644)
		w.file("usr/lib/modules/6.1.2-lmp/.vmlinuz.hmac", "hmac", 0o644)
		c = w.commit("main", "2")
		deployBoth(t, w, "main", c)

		// A single device tree, no initramfs.
		require.NoError(t, os.RemoveAll(filepath.Join(w.tree, "usr/lib/modules/6.1.2-lmp/dtb")))
		require.NoError(t, os.Remove(filepath.Join(w.tree, "usr/lib/modules/6.1.2-lmp/initramfs.img")))
		w.file("usr/lib/modules/6.1.2-lmp/devicetree", "single", 0o644)
		c = w.commit("main", "3")
		deployBoth(t, w, "main", c, "quiet")
	})
}

// entryNames tells bootversions apart.
func entryNames(t *testing.T, w *world) string {
	t.Helper()
	target, err := os.Readlink(filepath.Join(w.dir, "boot/loader"))
	require.NoError(t, err)
	return target
}

func TestLegacyKernelLikeOstree(t *testing.T) {
	const sum = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for _, dir := range []string{"usr/lib/ostree-boot", "boot"} {
		t.Run(dir, func(t *testing.T) {
			forEachMode(t, func(t *testing.T, mode repo.Mode) {
				w := newWorld(t, mode)
				// Without an initramfs beside it, this kernel gives way.
				require.NoError(t, os.Remove(filepath.Join(w.tree, "usr/lib/modules/6.1.2-lmp/initramfs.img")))
				w.file(dir+"/vmlinuz-6.1.2-lmp-"+sum, "kernel", 0o644)
				w.file(dir+"/initramfs-6.1.2-lmp-"+sum, "initramfs", 0o644)
				w.file(dir+"/devicetree-6.1.2-lmp-"+sum, "tree", 0o644)
				w.file(dir+"/uEnv.txt", "a=b\n", 0o644)
				deployBoth(t, w, "main", w.commit("main", ""))
			})
		})
	}
}

func TestTakingTurnsWithOstree(t *testing.T) {
	forEachMode(t, func(t *testing.T, mode repo.Mode) {
		w := newWorld(t, mode)
		w.file("usr/bin/tool", "0", 0o755)
		w.commit("main", "0")
		w.admin("deploy", "--os="+testOS, "--karg=quiet", "main")
		for round := 1; round <= 8; round++ {
			w.file("usr/bin/tool", fmt.Sprint(round), 0o755)
			if round%3 == 0 {
				w.file("usr/lib/modules/6.1.2-lmp/vmlinuz", fmt.Sprint("kernel ", round), 0o644)
			}
			c := w.commit("main", fmt.Sprint(round/2))
			s := w.open()
			old := s.Deployments()[0]
			require.NoError(t, os.WriteFile(w.path(old, fmt.Sprintf("etc/round%d", round)), nil, 0o644))
			if round%2 == 0 {
				w.admin("deploy", "--os="+testOS, "main")
				require.NoError(t, s.Close())
				s = w.open()
			} else {
				_, err := s.Deploy(t.Context(), Request{OS: testOS, Commit: c, Refspec: "main"})
				require.NoError(t, err)
			}
			list := s.Deployments()
			require.Len(t, list, 2)
			require.Equal(t, c, list[0].Commit)
			require.True(t, list[1].Same(old))
			require.Equal(t, []string{"quiet"}, list[0].KernelArgs)
			require.Equal(t, "main", list[0].Refspec)
			require.FileExists(t, w.path(list[0], "etc/round1"))
			w.admin("status")
			w.fsck()
		}
		trees, err := os.ReadDir(filepath.Join(w.dir, "ostree/deploy", testOS, "deploy"))
		require.NoError(t, err)
		require.Len(t, trees, 4, "two deployments with their origins")
	})
}
