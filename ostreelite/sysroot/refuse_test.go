package sysroot

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// Every refusal leaves the sysroot as it was.
func TestDeployRefuses(t *testing.T) {
	modules := "usr/lib/modules/6.1.2-lmp"
	tests := []struct {
		name string
		prep func(w *world)
		req  Request // OS and Commit are filled in if empty
		want error
	}{
		{"no kernel", func(w *world) { w.gone(modules) }, Request{}, ErrNoKernel},
		{"kernel is a directory", func(w *world) { w.gone(modules + "/vmlinuz"); w.file(modules+"/vmlinuz/x", "", 0o644) }, Request{}, ErrNoKernel},
		{"legacy checksums differ", func(w *world) {
			sum := object.Sum(nil).String()
			w.file("usr/lib/ostree-boot/vmlinuz-1-"+sum, "k", 0o644)
			w.file("usr/lib/ostree-boot/initramfs-1-"+object.Sum([]byte("x")).String(), "i", 0o644)
		}, Request{}, ErrTree},
		{"etc only", func(w *world) { w.gone("usr/etc"); w.file("etc/x", "", 0o644) }, Request{}, ErrTree},
		{"etc twice", func(w *world) { w.file("etc/x", "", 0o644) }, Request{}, ErrTree},
		{"no os-release", func(w *world) { w.gone("usr/lib/os-release") }, Request{}, ErrTree},
		{"nameless os-release", func(w *world) { w.file("usr/lib/os-release", "NAME=x\n", 0o644) }, Request{}, ErrTree},
		{"selinux", func(w *world) { w.file("usr/etc/selinux/config", "SELINUX=enforcing\nSELINUXTYPE=targeted\n", 0o644) }, Request{}, ErrUnsupported},
		{"no stateroot", func(*world) {}, Request{OS: "nope"}, ErrNoStateroot},
		{"bad stateroot", func(*world) {}, Request{OS: "../lmp"}, ErrNoStateroot},
		{"commit not there", func(*world) {}, Request{Commit: object.Sum([]byte("no"))}, repo.ErrNotFound},
		{"ostree= given", func(*world) {}, Request{KernelArgs: []string{"ostree=/x"}}, ErrMalformed},
		{"argument with a line end", func(*world) {}, Request{KernelArgs: []string{"a\ninitrd /x"}}, ErrMalformed},
		{"refspec with a line end", func(*world) {}, Request{Refspec: "a\nb"}, ErrMalformed},
		{"unsupported boot loader", func(w *world) { w.config("sysroot.bootloader", "zipl") }, Request{}, ErrUnsupported},
		{"android boot image", func(w *world) { w.file(modules+"/aboot.img", "", 0o644) }, Request{}, ErrUnsupported},
		{"syslinux without configuration", func(w *world) { w.config("sysroot.bootloader", "syslinux") }, Request{}, os.ErrNotExist},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := deployed(t, repo.BareUserOnly, "1")
			test.prep(w)
			r := test.req
			c := w.commit("main", "2")
			if r.Commit.IsZero() {
				r.Commit = c
			}
			if r.OS == "" {
				r.OS = testOS
			}
			s := w.open()
			before := snapshot(t, w.dir)
			_, err := s.Deploy(t.Context(), r)
			require.ErrorIs(t, err, test.want)
			require.NotContains(t, err.Error(), "\n")
			require.Equal(t, before, snapshot(t, w.dir))
			w.admin("status")
		})
	}
}

func (w *world) gone(path string) {
	w.t.Helper()
	require.NoError(w.t, os.RemoveAll(filepath.Join(w.tree, path)))
}

func (w *world) config(key, value string) {
	w.t.Helper()
	run(w.t, "ostree", "config", "--repo="+filepath.Join(w.dir, "ostree/repo"), "set", key, value)
}

func (w *world) boot(path string) {
	w.t.Helper()
	full := filepath.Join(w.dir, "boot", path)
	require.NoError(w.t, os.MkdirAll(filepath.Dir(full), 0o755))
	require.NoError(w.t, os.WriteFile(full, nil, 0o644))
}

func TestBootloaderNone(t *testing.T) {
	w := deployed(t, repo.BareUserOnly, "1")
	w.config("sysroot.bootloader", "none")
	w.boot("grub/grub.cfg")
	deployBoth(t, w, "main", w.next("2"))
}

func TestPartialCommitIsNotDeployed(t *testing.T) {
	w := deployed(t, repo.BareUserOnly, "1")
	c := w.next("2")
	s := w.open()
	require.NoError(t, s.Repo().MarkPartial(c))
	_, err := s.Deploy(t.Context(), Request{OS: testOS, Commit: c})
	require.ErrorIs(t, err, repo.ErrNotFound)
}

func TestFullDisk(t *testing.T) {
	w := deployed(t, repo.BareUserOnly, "1")
	c := w.next("2")
	w.config("core.min-free-space-size", "900000000MB")
	s := w.open()
	before := snapshot(t, w.dir)
	_, err := s.Deploy(t.Context(), Request{OS: testOS, Commit: c})
	require.ErrorIs(t, err, ErrNoSpace)
	require.Equal(t, before, snapshot(t, w.dir))
}

func TestOpenRefuses(t *testing.T) {
	_, err := Open(Options{Path: t.TempDir()})
	require.ErrorIs(t, err, os.ErrNotExist)
	w := deployed(t, repo.BareUserOnly, "1")
	loader := filepath.Join(w.dir, "boot/loader")
	require.NoError(t, os.Remove(loader))
	require.NoError(t, os.Symlink("elsewhere", loader))
	_, err = Open(Options{Path: w.dir})
	require.ErrorIs(t, err, ErrMalformed)
	require.NoError(t, os.Remove(loader))
	require.NoError(t, os.WriteFile(loader, nil, 0o644))
	_, err = Open(Options{Path: w.dir})
	require.ErrorIs(t, err, ErrMalformed)
	require.NoError(t, os.Remove(loader))
	require.NoError(t, os.Mkdir(loader, 0o755))
	require.NoError(t, os.WriteFile(loader+"/"+versionFile, []byte("loader.2"), 0o644))
	_, err = Open(Options{Path: w.dir})
	require.ErrorIs(t, err, ErrMalformed)
}

// bootprefix is for boot loaders that see /boot as a directory of the root
// file system; 2022.7 does not know it, but reads the entries all the same.
func TestBootPrefix(t *testing.T) {
	w := deployed(t, repo.BareUserOnly, "1")
	w.config("sysroot.bootprefix", "true")
	s := w.open()
	d, err := s.Deploy(t.Context(), Request{OS: testOS, Commit: w.next("2")})
	require.NoError(t, err)
	require.Equal(t, "/boot/"+bootDir(d)+"/vmlinuz-6.1.2-lmp", d.entry.keys["linux"])
	require.FileExists(t, filepath.Join(w.dir, d.entry.keys["linux"]))
	w.admin("status")
}
