//go:build factory

package rootfs

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// Options say which tree to make. The same options make the same tree.
type Options struct {
	Version   int    // of the product; 1 is the first
	Files     int    // how many ordinary files, besides the fixed ones
	Machine   string // hardware id, as os-release names it
	Tag       string // as os-release names it
	NoKernel  bool   // leave the kernel out: such a tree cannot be deployed
	Canonical bool   // only what a bare-user-only repository can hold
}

// Generate writes the tree into dir, which is created and must be empty.
func Generate(dir string, o Options) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("generate root file system: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("generate root file system: %w", err)
	}
	defer root.Close()
	w := newWriter(root, o.Canonical)
	for _, part := range []func(*writer, Options){skeleton, kernel, configuration, oddities, packages} {
		part(w, o)
	}
	if err := w.finish(); err != nil {
		return fmt.Errorf("generate root file system: %w", err)
	}
	return nil
}

// skeleton is what every deployable tree has at its top.
func skeleton(w *writer, _ Options) {
	for _, dir := range []string{"boot", "dev", "proc", "run", "sys", "sysroot", "var"} {
		w.dir(dir, 0o755)
	}
	for name, target := range map[string]string{
		"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "home": "var/home",
		"root": "var/roothome", "tmp": "sysroot/tmp", "ostree": "sysroot/ostree",
	} {
		w.symlink(name, target)
	}
}

// kernel changes with every even version.
func kernel(w *writer, o Options) {
	if o.NoKernel {
		return
	}
	release := o.Version / 2
	dir := fmt.Sprintf("usr/lib/modules/6.6.%d-sotabox", release)
	w.file(dir+"/vmlinuz", 0o644, content("vmlinuz", release, 600_000))
	w.file(dir+"/initramfs.img", 0o644, content("initramfs", release, 900_000))
	w.file(dir+"/modules.dep", 0o644, []byte("kernel/fs/ext4/ext4.ko:\n"))
	w.file(dir+"/kernel/fs/ext4/ext4.ko", 0o644, content("ext4.ko", release, 80_000))
}

// configuration is usr/etc, the defaults that a device's /etc is merged with.
func configuration(w *writer, o Options) {
	w.text("usr/etc/passwd", 0o644, "root:x:0:0:root:/root:/bin/sh\n")
	w.text("usr/etc/group", 0o644, "root:x:0:\n")
	w.text("usr/etc/shadow", 0o400, "root:*:19000:0:99999:7:::\n")
	w.text("usr/etc/hostname", 0o644, "sotabox\n")
	w.text("usr/etc/motd", 0o644, fmt.Sprintf("Welcome to version %d.\n", o.Version))
	w.text("usr/etc/ntp.conf", 0o644, "server 192.0.2.1\n")
	w.symlink("usr/etc/os-release", "../usr/lib/os-release")
	w.symlink("usr/etc/localtime", "../usr/share/zoneinfo/UTC")
	w.text("usr/share/zoneinfo/UTC", 0o644, "UTC0\n")
	w.text("usr/lib/os-release", 0o644, fmt.Sprintf(
		"ID=sotabox\nNAME=\"sotabox demo\"\nVERSION_ID=%d\nLMP_MACHINE=%s\nLMP_FACTORY_TAG=%s\n",
		o.Version, o.Machine, o.Tag))
	for i := range 24 {
		name := fmt.Sprintf("usr/etc/app.d/%02d.conf", i)
		life := lifeOf(name, o.Version)
		if life.present {
			w.text(name, 0o640, fmt.Sprintf("# revision %d\nlevel=%d\n", life.revision, i))
		}
	}
	if o.Version >= 2 {
		w.text("usr/etc/app.d/new-in-2.conf", 0o600, "enabled=yes\n")
	} else {
		w.text("usr/etc/app.d/gone-in-2.conf", 0o644, "enabled=no\n")
	}
}

// oddities are the modes, links and attributes that a careless copy loses.
func oddities(w *writer, o Options) {
	w.file("usr/bin/su", os.ModeSetuid|0o755, content("su", 1, 30_000))
	w.file("usr/bin/wall", os.ModeSetgid|0o755, content("wall", 1, 20_000))
	w.file("usr/libexec/secret", 0o400, []byte("for the owner's eyes\n"))
	w.file("usr/libexec/none", 0o000, []byte("for nobody's eyes\n"))
	w.file("usr/share/empty", 0o444, nil)
	w.file("usr/share/naïve file, with a comma", 0o644, []byte("names are bytes\n"))
	w.dir("usr/share/spool", os.ModeSticky|0o777)
	w.dir("usr/share/team", os.ModeSetgid|0o775)
	w.dir("usr/share/private", 0o700)
	w.link("usr/bin/wall", "usr/bin/write")
	w.symlink("usr/bin/sh", "su")
	w.symlink("usr/share/dangling", "/nowhere/at/all")
	w.file("usr/bin/ping", 0o755, content("ping", o.Version, 24_000))
	w.xattr("usr/bin/ping", "user.origin", []byte("factory"))
	w.xattr("usr/bin/ping", "user.binary", []byte{0, 1, 0xff})
	w.xattr("usr/share/team", "user.owner", []byte("team"))
}

// packages are the many: files that come, change and go with versions.
func packages(w *writer, o Options) {
	kinds := []struct {
		dir  string
		mode os.FileMode
		size int
	}{
		{"usr/bin", 0o755, 20_000},
		{"usr/lib", 0o755, 12_000},
		{"usr/lib/python3", 0o644, 3_000},
		{"usr/share/doc", 0o644, 2_000},
		{"usr/share/locale", 0o444, 5_000},
		{"usr/share/licenses", 0o644, 1_000},
	}
	for i := range o.Files {
		kind := kinds[i%len(kinds)]
		name := filepath.Join(kind.dir, fmt.Sprintf("pkg-%03d/file-%05d", i/30, i))
		life := lifeOf(name, o.Version)
		if life.present {
			w.file(name, kind.mode, content(name, life.revision, life.size(kind.size)))
		}
		if i%25 == 0 {
			w.symlink(name+".link", filepath.Base(name))
		}
		if i%40 == 0 && life.present {
			w.link(name, name+".hard")
		}
	}
}

// content is size bytes that depend on the name and the revision only; half of
// it compresses well, as in real files.
func content(name string, revision, size int) []byte {
	random := rand.New(rand.NewPCG(seed(name, 0), uint64(revision)))
	data := make([]byte, size)
	for i := range data {
		if i/512%2 == 0 {
			data[i] = byte(random.Uint32())
		} else {
			data[i] = "sotabox "[i%8]
		}
	}
	return data
}
