package sysroot

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// syslinux is for boards whose boot/syslinux/syslinux.cfg is a link to
// ../loader/syslinux.cfg (ostree-bootloader-syslinux.c).
type syslinux struct{}

const (
	syslinuxFile = "syslinux.cfg"
	syslinuxPath = "syslinux/" + syslinuxFile
)

func (syslinux) stage(_ context.Context, s *Sysroot, l *stagedLoader) error {
	current, err := s.readBootFile(syslinuxPath)
	if err != nil {
		return fmt.Errorf("read boot/%s: %w", syslinuxPath, err)
	}
	if st, err := lstat(s.boot, syslinuxPath); err == nil && !isLink(&st) && s.loader != loaderDir {
		s.log.Warn("boot/syslinux/syslinux.cfg is no link to ../loader/syslinux.cfg, where the new configuration goes")
	}
	text, err := syslinuxConfig(string(current), l.entries)
	if err != nil {
		return fmt.Errorf("boot/%s: %w", syslinuxPath, err)
	}
	if err := replaceFile(l.dir, syslinuxFile, []byte(text), 0o644); err != nil {
		return fmt.Errorf("write %s: %w", syslinuxFile, err)
	}
	return nil
}

// readBootFile reads a file of /boot, through the links the system has there.
func (s *Sysroot) readBootFile(path string) ([]byte, error) {
	fd, err := openat(s.boot, path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	f, err := regular(fd, path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f, maxLoaderFile)
}

// syslinuxConfig is a configuration with the labels of our kernels replaced by
// entries in boot order. What the user wrote stays: other labels, and a default
// that is one of them.
func syslinuxConfig(current string, entries []*bootEntry) (string, error) {
	var lines []string
	sawDefault, ourDefault := false, false
	all := strings.Split(current, "\n")
	for i := 0; i < len(all); i++ {
		line := all[i]
		switch {
		case strings.HasPrefix(line, "LABEL "):
			end := i + 1
			for end < len(all) && strings.HasPrefix(all[end], "\t") {
				end++
			}
			if !isOurLabel(all[i+1 : end]) {
				lines = append(lines, all[i:end]...)
			}
			i = end - 1
		case strings.HasPrefix(line, "DEFAULT "):
			sawDefault = true
			// "ostree:" is how the titles of old versions of libostree began.
			if strings.HasPrefix(line, "DEFAULT ostree:") || strings.Contains(line, "(ostree") {
				ourDefault = true
			} else {
				lines = append(lines, line)
			}
		default:
			lines = append(lines, line)
		}
	}
	for i, e := range entries {
		title, ok := e.keys["title"]
		if !ok {
			title = "(Untitled)"
		}
		if i == 0 && (ourDefault || !sawDefault) {
			lines = append(lines, "DEFAULT "+title)
		}
		if _, ok := e.keys["linux"]; !ok {
			return "", fmt.Errorf("%w: boot loader entry %q has no kernel", ErrMalformed, title)
		}
		lines = append(lines, "LABEL "+title)
		for _, l := range syslinuxLines {
			if value, ok := e.keys[l.key]; ok {
				lines = append(lines, "\t"+l.name+" "+belowBoot(l.key, value))
			}
		}
	}
	return joinLines(lines), nil
}

// syslinuxLines are the lines of a label, with the keys of an entry.
var syslinuxLines = [...]struct{ name, key string }{
	{"KERNEL", "linux"}, {"INITRD", "initrd"}, {"DEVICETREE", "devicetree"}, {"APPEND", optionsKey},
}

// isOurLabel reports whether the lines below a LABEL name a kernel that
// libostree or this package installed.
func isOurLabel(lines []string) bool {
	for _, line := range lines {
		if kernel, ok := strings.CutPrefix(line, "\tKERNEL "); ok {
			return strings.HasPrefix(kernel, "/ostree/") || strings.HasPrefix(kernel, "/boot/ostree/")
		}
	}
	return false
}
