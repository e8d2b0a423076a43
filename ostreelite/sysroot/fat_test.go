package sysroot

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// fatWorld has /boot on a file system like FAT.
func fatWorld(t *testing.T, exchange bool, blocks int) (*world, *fatMount) {
	t.Helper()
	w := newWorld(t, repo.BareUserOnly)
	return w, mountFAT(t, filepath.Join(w.dir, "boot"), exchange, blocks)
}

// largeFAT is more blocks than any test fills.
const largeFAT = 16384

// What ends up on FAT is what the real ostree writes where it can.
func TestFATLikeOstree(t *testing.T) {
	if os.Geteuid() != 0 {
		// No mounting: the rest is tested with directories of other file systems.
		require.Error(t, unix.Mount("fat", t.TempDir(), "fuse", 0, ""))
		return
	}
	for _, exchange := range []bool{true, false} {
		t.Run(fmt.Sprintf("exchange=%t", exchange), func(t *testing.T) {
			w, _ := fatWorld(t, exchange, largeFAT)
			theirs := newWorld(t, repo.BareUserOnly)
			modules := "usr/lib/modules/6.1.2-lmp/"
			for i, version := range []string{"1", "2", "3"} {
				var c object.Checksum
				for _, w := range []*world{theirs, w} {
					if i == 1 {
						w.file(modules+"dtb/a/b.dtb", "tree", 0o600)
						w.file(modules+"dtb/c.dtb", "tree", 0o644)
						w.file(modules+"dtb/a/d.dtb", "tree", 0o644)
					}
					c = w.next(version)
				}
				theirs.admin("deploy", "--os="+testOS, "main")
				if i == 1 {
					// Links become what they lead to.
					w.link(modules+"dtb/c.dtb", "a/b.dtb")
					w.link(modules+"dtb/a/d.dtb", "b.dtb")
					c = w.next(version)
				}
				s := w.open()
				_, err := s.Deploy(t.Context(), Request{OS: testOS, Commit: c, Refspec: "main"})
				require.NoError(t, err)
				require.Equal(t, bootContents(t, filepath.Join(theirs.dir, "boot")), bootContents(t, filepath.Join(w.dir, "boot")))
			}
			s := w.open()
			require.NoError(t, s.SetDefault(t.Context(), s.Deployments()[1]))
			require.Equal(t, "2 3", versions(w.open().Deployments()))
			w.bootsFrom(w.open())
		})
	}
}

// The power is cut after every change of a FAT /boot.
func TestFATCut(t *testing.T) {
	if os.Geteuid() != 0 {
		require.Error(t, unix.Mount("fat", t.TempDir(), "fuse", 0, ""))
		return
	}
	for _, exchange := range []bool{true, false} {
		t.Run(fmt.Sprintf("exchange=%t", exchange), func(t *testing.T) {
			w, f := fatWorld(t, exchange, largeFAT)
			_, err := w.open().Deploy(t.Context(), Request{OS: testOS, Commit: w.next("first"), Refspec: "main"})
			require.NoError(t, err)
			old, fresh := 0, 0
			for n, cut := 1, true; cut; n++ {
				c := w.next(fmt.Sprint(n))
				s := w.open()
				before := s.Deployments()
				f.cutAfter(n)
				_, err := s.Deploy(t.Context(), Request{OS: testOS, Commit: c, Refspec: "main"})
				cut = f.restore()
				s.Close()
				if !cut {
					require.NoError(t, err)
				}
				after := w.open()
				boots := w.bootsFrom(after)
				require.True(t, boots.Commit == c || boots.Same(before[0]), "after %d changes", n)
				if boots.Commit == c {
					fresh++
				} else {
					old++
				}
				_, err = after.Deploy(t.Context(), Request{OS: testOS, Commit: c, Refspec: "main"})
				require.NoError(t, err)
				require.Equal(t, c, w.bootsFrom(after).Commit)
				require.Len(t, after.Deployments(), 2)
				kernels, err := os.ReadDir(filepath.Join(w.dir, "boot/ostree"))
				require.NoError(t, err)
				require.Len(t, kernels, 2)
				loaders, err := filepath.Glob(filepath.Join(w.dir, "boot/loader*"))
				require.NoError(t, err)
				require.Len(t, loaders, 1)
				after.Close()
			}
			t.Logf("%d cuts left the old list, %d the new", old, fresh)
			require.Greater(t, old, 10)
			require.Greater(t, fresh, 3)
		})
	}
}
