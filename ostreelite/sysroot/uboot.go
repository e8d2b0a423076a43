package sysroot

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// uboot is for boards whose U-Boot script imports boot/loader/uEnv.txt: lines
// of NAME=VALUE (ostree-bootloader-uboot.c). The variables of the default
// deployment have plain names; those of the one behind it, which the script
// boots when the first does not come up, end in 2, and so on.
type uboot struct{}

const (
	ubootEnvFile = "uEnv.txt"
	// systemEnvPath is what the tree of the default deployment adds to it.
	systemEnvPath = "usr/lib/ostree-boot/uEnv.txt"
	// maxLoaderFile bounds the configuration files of boot loaders.
	maxLoaderFile = 4 << 20
)

func (uboot) stage(_ context.Context, s *Sysroot, l *stagedLoader) error {
	tree, err := s.openTree(l.list[0])
	if err != nil {
		return err
	}
	defer unix.Close(tree)
	system, err := readTextInTree(tree, systemEnvPath)
	if err != nil {
		return fmt.Errorf("read %s of %s: %w", systemEnvPath, l.list[0].Path(), err)
	}
	text, err := ubootEnv(l.entries, system, there(tree, bootSourceMark))
	if err != nil {
		return err
	}
	if err := replaceFile(l.dir, ubootEnvFile, []byte(text), 0o644); err != nil {
		return fmt.Errorf("write %s: %w", ubootEnvFile, err)
	}
	return nil
}

// ubootEnv is the environment for entries in boot order. Boot scripts read
// files at these paths from the file system with /boot: as the directory of
// that name, or as its root, where libostree puts a link of that name.
// With bootdir also the directory of the kernel is named, for scripts that load
// more from there (see extraBootFiles).
func ubootEnv(entries []*bootEntry, system string, bootdir bool) (string, error) {
	var lines []string
	for i, e := range entries {
		suffix := ""
		if i > 0 {
			suffix = strconv.Itoa(i + 1)
		}
		kernel, ok := e.keys["linux"]
		if !ok {
			return "", fmt.Errorf("%w: boot loader entry %q has no kernel", ErrMalformed, e.keys["title"])
		}
		for _, v := range ubootVariables {
			if value, ok := e.keys[v.key]; ok {
				lines = append(lines, v.name+suffix+"="+belowBoot(v.key, value))
			}
			if v.key == "linux" && bootdir {
				dir, _ := splitPath(belowBoot("linux", kernel))
				lines = append(lines, "bootdir"+suffix+"="+dir+"/")
			}
		}
		if i == 0 && system != "" {
			lines = append(lines, system)
		}
	}
	return joinLines(lines), nil
}

// ubootVariables are the variables of a deployment, with the keys of its entry.
var ubootVariables = [...]struct{ name, key string }{
	{"kernel_image", "linux"}, {"ramdisk_image", "initrd"}, {"fdt_file", "devicetree"},
	{"fdtdir", "fdtdir"}, {"bootargs", optionsKey},
}

// optionsKey is the key of an entry whose value is no path.
const optionsKey = "options"

// belowBoot is the value of a key of an entry, a path of /boot as seen from the
// directory above it. An entry has it that way already if sysroot.bootprefix is
// set.
func belowBoot(key, value string) string {
	if key == optionsKey || strings.HasPrefix(value, "/boot/") {
		return value
	}
	return "/boot" + value
}

// joinLines is what libostree makes of lines: none that is empty comes first,
// or after another one that is (_ostree_sysroot_join_lines).
func joinLines(lines []string) string {
	var b strings.Builder
	empty := false
	for i, line := range lines {
		if line == "" {
			if i == 0 || empty {
				continue
			}
			empty = true
		}
		b.WriteString(line)
		b.WriteByte('\n')
	}
	return b.String()
}

// readTextInTree is the text of a file of a deployment, "" if it is not there.
func readTextInTree(tree int, path string) (string, error) {
	f, err := openInTree(tree, path)
	if missing(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := readAll(f, maxLoaderFile)
	if err != nil {
		return "", err
	}
	if !utf8.Valid(data) || strings.IndexByte(string(data), 0) >= 0 {
		return "", fmt.Errorf("%w: not text", ErrTree)
	}
	return string(data), nil
}
