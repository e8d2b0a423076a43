package sysroot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/repo"
)

// toLoaderDir makes boot/loader a directory, as images for boards with
// systemd-boot have it.
func (w *world) toLoaderDir() {
	w.t.Helper()
	boot := filepath.Join(w.dir, "boot")
	name, err := os.Readlink(boot + "/loader")
	require.NoError(w.t, err)
	require.NoError(w.t, os.Remove(boot+"/loader"))
	require.NoError(w.t, os.Rename(boot+"/"+name, boot+"/loader"))
	require.NoError(w.t, os.WriteFile(boot+"/loader/"+versionFile, []byte(name), 0o644))
}

// toLoaderLink makes it a link again, so that the real ostree can read it.
func (w *world) toLoaderLink() {
	w.t.Helper()
	boot := filepath.Join(w.dir, "boot")
	name, err := os.ReadFile(boot + "/loader/" + versionFile)
	require.NoError(w.t, err)
	require.NoError(w.t, os.Remove(boot+"/loader/"+versionFile))
	require.NoError(w.t, os.Rename(boot+"/loader", boot+"/"+string(name)))
	require.NoError(w.t, os.Symlink(string(name), boot+"/loader"))
}

// bootContents is what a boot loader sees: the files that are in effect.
func bootContents(t *testing.T, boot string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	for _, top := range []string{"loader", "ostree"} {
		dir, err := filepath.EvalSymlinks(filepath.Join(boot, top))
		require.NoError(t, err)
		require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || entry.Name() == versionFile {
				return err
			}
			data, err := os.ReadFile(path)
			files[top+strings.TrimPrefix(path, dir)] = string(data)
			return err
		}))
	}
	return files
}

// olderKernel is a kernel whose FAT cannot swap two names.
func olderKernel(int, string, string) error { return unix.EINVAL }

// A directory boot/loader has in the end what the link would have led to.
func TestLoaderDirLikeOstree(t *testing.T) {
	for name, exchange := range map[string]func(int, string, string) error{"exchanged": exchangeNames, "in place": olderKernel} {
		t.Run(name, func(t *testing.T) {
			w := deployed(t, repo.BareUserOnly, "1")
			w.toLoaderDir()
			w.bootFile("loader/loader.conf", "timeout 3\n")
			w.bootFile("loader/random-seed", "seed")
			w.bootFile("loader/entries/windows.conf", "title Windows\n")
			for i, kernel := range []string{"2", "3", "3", "4"} {
				w.file("usr/bin/tool", fmt.Sprint(i), 0o755)
				w.file("usr/lib/modules/6.1.2-lmp/vmlinuz", "kernel "+kernel, 0o644)
				c := w.commit("main", kernel)
				theirs := w.copy()
				theirs.toLoaderLink()
				theirs.admin("deploy", "--os="+testOS, "main")
				s := w.open()
				s.exchange = exchange
				d, err := s.Deploy(t.Context(), Request{OS: testOS, Commit: c, Refspec: "main"})
				require.NoError(t, err)
				require.True(t, d.Same(w.open().Deployments()[0]))
				require.Equal(t, "timeout 3\n", w.bootText("loader/loader.conf"))
				require.Equal(t, "seed", w.bootText("loader/random-seed"))
				require.Equal(t, "title Windows\n", w.bootText("loader/entries/windows.conf"))
				ours := w.copy()
				ours.toLoaderLink()
				for _, gone := range []string{"loader.conf", "random-seed", "entries/windows.conf"} {
					require.NoError(t, os.Remove(filepath.Join(ours.dir, "boot/loader", gone)))
					// Where only links changed, theirs kept it.
					_ = os.Remove(filepath.Join(theirs.dir, "boot/loader", gone))
				}
				requireSame(t, theirs.dir, ours.dir)
				require.Equal(t, theirs.admin("status"), ours.admin("status"))
			}
			_, err := tryRun("ostree", "admin", "status", "--sysroot="+w.dir)
			require.ErrorContains(t, err, "symbolic link", "libostree without the patch cannot read this")
			s := w.open()
			s.exchange = exchange
			require.NoError(t, s.SetDefault(t.Context(), s.Deployments()[1]))
			require.Equal(t, "3 4", versions(w.open().Deployments()))
		})
	}
}

// bootsFrom is the deployment a boot loader that reads the entries boots now,
// with what it needs being there.
func (w *world) bootsFrom(s *Sysroot) Deployment {
	w.t.Helper()
	list := s.Deployments()
	require.NotEmpty(w.t, list)
	for _, d := range list {
		require.Equal(w.t, "kernel "+d.Version, w.bootText(d.entry.keys["linux"]))
		require.Equal(w.t, "initramfs one", w.bootText(d.entry.keys["initrd"]))
		require.FileExists(w.t, filepath.Join(w.dir, bootLink{d.BootVersion, d.OS, d.BootChecksum, d.BootSerial}.String(), "usr/bin/tool"))
	}
	return list[0]
}

var errCut = errors.New("power cut")

// Every step of replacing the files of boot/loader one by one leaves the old or
// the new default, and whatever it was, the next change completes it.
func TestInPlaceCut(t *testing.T) {
	for n := 0; ; n++ {
		w := deployed(t, repo.BareUserOnly, "1", "2", "3")
		w.toLoaderDir()
		c := w.next("4")
		s := w.open()
		before := s.Deployments()
		total := 0
		s.exchange = func(_ int, staged, _ string) error {
			have, err := s.listLoader("loader")
			require.NoError(t, err)
			want, err := s.listLoader(staged)
			require.NoError(t, err)
			steps := inPlaceSteps(have, want)
			total = len(steps)
			for _, step := range steps[:n] {
				if step.remove {
					require.NoError(t, s.removeInLoader(step))
				} else {
					require.NoError(t, s.copyIntoLoader(staged, step))
				}
			}
			panic(errCut)
		}
		require.PanicsWithValue(t, errCut, func() {
			_, _ = s.Deploy(t.Context(), Request{OS: testOS, Commit: c, Refspec: "main"})
		})
		after := w.open()
		boots := w.bootsFrom(after)
		require.True(t, boots.Commit == c || boots.Same(before[0]), "after %d steps: %s", n, versions(after.Deployments()))
		if n == 0 {
			require.Equal(t, names(before), names(after.Deployments()))
		}
		after.exchange = olderKernel
		require.NoError(t, after.Cleanup(t.Context()))
		require.Equal(t, n > 0, w.bootsFrom(after).Commit == c, "once begun it is finished")
		_, err := after.Deploy(t.Context(), Request{OS: testOS, Commit: c, Refspec: "main"})
		require.NoError(t, err)
		require.Equal(t, "4 3", versions(w.open().Deployments()))
		w.toLoaderLink()
		w.admin("status")
		if n == total {
			require.Equal(t, 4, total)
			return
		}
	}
}

func TestInPlaceSteps(t *testing.T) {
	text := func(have, want loaderFileList) string {
		var out []string
		for _, s := range inPlaceSteps(have, want) {
			if s.remove {
				out = append(out, "-"+s.path())
			} else {
				out = append(out, s.path())
			}
		}
		return strings.Join(out, " ")
	}
	want := loaderFileList{entries: []string{"2", "1"}, others: []string{versionFile, "uEnv.txt"}}
	require.Equal(t, "entries/2 entries/1 uEnv.txt -entries/3 -entries/4 "+versionFile,
		text(loaderFileList{entries: []string{"4", "3", "2", "1"}}, want), "the old default goes last")
	require.Equal(t, "entries/2 entries/1 uEnv.txt "+versionFile, text(loaderFileList{}, want))
}
