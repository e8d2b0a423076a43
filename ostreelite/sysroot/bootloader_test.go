package sysroot

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/repo"
)

// bootText reads a file below boot.
func (w *world) bootText(path string) string {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, "boot", path))
	require.NoError(w.t, err)
	return string(text)
}

// bootFile writes one.
func (w *world) bootFile(path, text string) {
	w.t.Helper()
	w.boot(path)
	require.NoError(w.t, os.WriteFile(filepath.Join(w.dir, "boot", path), []byte(text), 0o644))
}

func (w *world) bootLink(path, target string) {
	w.t.Helper()
	full := filepath.Join(w.dir, "boot", path)
	require.NoError(w.t, os.MkdirAll(filepath.Dir(full), 0o755))
	require.NoError(w.t, os.Symlink(target, full))
}

// lifeLikeOstree is what happens to a device, each step compared with the real
// ostree: deployments, a change of links only, kernels with all that belongs to
// one, and going back.
func lifeLikeOstree(t *testing.T, w *world) {
	t.Helper()
	modules := "usr/lib/modules/6.1.2-lmp"
	deployBoth(t, w, "main", w.next("1"), "root=LABEL=otaroot", "console=ttyS0", "quiet")
	deployBoth(t, w, "main", w.next("2"))
	w.file("usr/bin/tool", "links only", 0o755)
	deployBoth(t, w, "main", w.commit("main", "2"))
	w.file(modules+"/dtb/vendor/board.dtb", "board", 0o644)
	w.file("usr/lib/ostree-boot/uEnv.txt", "bootlimit=3\nloadfdt=load ${fdtdir}/${fdtfile}\n", 0o644)
	deployBoth(t, w, "main", w.next("3"))
	require.NoError(t, os.RemoveAll(filepath.Join(w.tree, modules, "dtb")))
	require.NoError(t, os.Remove(filepath.Join(w.tree, modules, "initramfs.img")))
	w.file(modules+"/devicetree", "single", 0o644)
	deployBoth(t, w, "main", w.next("4"), "quiet")
	// Another stateroot adds its name to titles.
	w.admin("os-init", "other")
	w.admin("deploy", "--os=other", "main")
	deployBoth(t, w, "main", w.next("5"))
}

func TestUbootLikeOstree(t *testing.T) {
	w := newWorld(t, repo.BareUserOnly)
	w.boot("loader.0/uEnv.txt")
	w.bootLink("loader", "loader.0")
	w.bootLink("uEnv.txt", "loader/uEnv.txt")
	lifeLikeOstree(t, w)
	s := w.open()
	kernel := func(i int) string { return "=/boot/" + bootDir(s.Deployments()[i]) + "/vmlinuz-6.1.2-lmp\n" }
	env := w.bootText("uEnv.txt")
	require.Contains(t, env, "kernel_image"+kernel(0))
	require.Contains(t, env, "kernel_image2"+kernel(1))
	require.Contains(t, env, "\nbootargs2=")

	// Going back swaps the sets.
	require.NoError(t, s.SetDefault(t.Context(), s.Deployments()[1]))
	env = w.bootText("uEnv.txt")
	require.Contains(t, env, "kernel_image"+kernel(0))
	require.Contains(t, env, "kernel_image2"+kernel(1))

	// Configured and not found, the file is made.
	w.config("sysroot.bootloader", "uboot")
	require.NoError(t, os.Remove(filepath.Join(w.dir, "boot/loader/uEnv.txt")))
	s = w.open()
	_, err := s.Deploy(t.Context(), Request{OS: testOS, Commit: w.next("6")})
	require.NoError(t, err)
	require.Contains(t, w.bootText("uEnv.txt"), "kernel_image"+kernel(0))
}

// A tree can ask for all its boot files to be in /boot, and says where.
func TestExtraBootFiles(t *testing.T) {
	w := newWorld(t, repo.BareUserOnly)
	w.config("sysroot.bootloader", "uboot")
	w.file("usr/lib/ostree-boot/boot.scr", "script", 0o644)
	w.file("usr/lib/ostree-boot/overlays/a.dtbo", "overlay", 0o644)
	s := w.open()
	d, err := s.Deploy(t.Context(), Request{OS: testOS, Commit: w.next("1")})
	require.NoError(t, err)
	require.NoFileExists(t, filepath.Join(w.dir, "boot", bootDir(d), "boot.scr"))
	require.NotContains(t, w.bootText("loader/uEnv.txt"), "bootdir")
	w.file(bootSourceMark, "", 0o644)
	d, err = s.Deploy(t.Context(), Request{OS: testOS, Commit: w.next("2")})
	require.NoError(t, err)
	require.Equal(t, "script", w.bootText(bootDir(d)+"/boot.scr"))
	require.Equal(t, "overlay", w.bootText(bootDir(d)+"/overlays/a.dtbo"))
	require.Contains(t, w.bootText("loader/uEnv.txt"), "bootdir=/boot/"+bootDir(d)+"/\n")
	require.NoFileExists(t, filepath.Join(w.dir, "boot", bootDir(d), filepath.Base(bootSourceMark)))
}

func TestSyslinuxLikeOstree(t *testing.T) {
	w := newWorld(t, repo.BareUserOnly)
	w.bootFile("loader.0/syslinux.cfg", "PROMPT 1\nTIMEOUT 50\n\nLABEL rescue\n\tKERNEL /rescue\n\tAPPEND single\n\n")
	w.bootLink("loader", "loader.0")
	w.bootLink("syslinux/syslinux.cfg", "../loader/syslinux.cfg")
	lifeLikeOstree(t, w)
	config := w.bootText("syslinux/syslinux.cfg")
	require.Contains(t, config, "LABEL rescue\n\tKERNEL /rescue\n\tAPPEND single\n")
	require.Contains(t, config, "\nDEFAULT Linux microPlatform 4 5 (ostree:lmp:0)\n")
}

// What libostree loses of a user's configuration stays.
func TestSyslinuxConfig(t *testing.T) {
	entries := []*bootEntry{{keys: map[string]string{
		"title": "T (ostree:0)", "linux": "/ostree/k", "initrd": "/ostree/i", "devicetree": "/ostree/d", "options": "quiet",
	}}}
	ours := "LABEL T (ostree:0)\n\tKERNEL /boot/ostree/k\n\tINITRD /boot/ostree/i\n\tDEVICETREE /boot/ostree/d\n\tAPPEND quiet\n"
	for name, test := range map[string]struct{ current, want string }{
		"empty":            {"", "DEFAULT T (ostree:0)\n" + ours},
		"user's default":   {"DEFAULT mine\nLABEL mine\n\tCOM32 menu.c32\n", "DEFAULT mine\nLABEL mine\n\tCOM32 menu.c32\n\n" + ours},
		"our default":      {"DEFAULT S (ostree:1)\nLABEL S (ostree:1)\n\tKERNEL /boot/ostree/old\n", "DEFAULT T (ostree:0)\n" + ours},
		"old title":        {"DEFAULT ostree:lmp\nLABEL ostree:lmp\n\tKERNEL /ostree/old", "DEFAULT T (ostree:0)\n" + ours},
		"label at the end": {"LABEL mine\n\tKERNEL /k", "LABEL mine\n\tKERNEL /k\nDEFAULT T (ostree:0)\n" + ours},
		"label without":    {"LABEL mine\nTIMEOUT 5", "LABEL mine\nTIMEOUT 5\nDEFAULT T (ostree:0)\n" + ours},
	} {
		got, err := syslinuxConfig(test.current, entries)
		require.NoError(t, err, name)
		require.Equal(t, test.want, got, name)
		again, err := syslinuxConfig(got, entries)
		require.NoError(t, err, name)
		third, err := syslinuxConfig(again, entries)
		require.NoError(t, err, name)
		require.Equal(t, again, third, "%s: it does not grow", name)
	}
	_, err := syslinuxConfig("", []*bootEntry{{}})
	require.ErrorIs(t, err, ErrMalformed)
}

func TestUbootEnv(t *testing.T) {
	_, err := ubootEnv([]*bootEntry{{}}, "", false)
	require.ErrorIs(t, err, ErrMalformed)
	text, err := ubootEnv([]*bootEntry{
		{keys: map[string]string{"linux": "/boot/ostree/k", "options": "a=b"}},
		{keys: map[string]string{"linux": "/ostree/k2", "initrd": "/ostree/i2", "devicetree": "/d", "fdtdir": "/f"}},
	}, "x=y", true)
	require.NoError(t, err)
	require.Equal(t, "kernel_image=/boot/ostree/k\nbootdir=/boot/ostree/\nbootargs=a=b\nx=y\n"+
		"kernel_image2=/boot/ostree/k2\nbootdir2=/boot/ostree/\nramdisk_image2=/boot/ostree/i2\nfdt_file2=/boot/d\nfdtdir2=/boot/f\n", text)
}

// systemd-boot reads loader.conf, which libostree without its patch drops.
func TestSystemdBoot(t *testing.T) {
	w := deployed(t, repo.BareUserOnly, "1")
	w.bootFile("loader/loader.conf", "timeout 3\n")
	s := w.open()
	_, err := s.Deploy(t.Context(), Request{OS: testOS, Commit: w.next("2")})
	require.NoError(t, err)
	require.Equal(t, "timeout 3\n", w.bootText("loader/loader.conf"))
	w.admin("status")
}
