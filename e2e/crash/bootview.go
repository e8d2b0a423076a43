//go:build factory

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// bootEntry is what a boot loader would start: judged here by other code than
// the one under test.
type bootEntry struct {
	version       int
	linux, initrd string
	link          string // value of ostree=
}

// bootEntries reads the entries below boot, a file system as a boot loader sees
// it, what boots by default first. Each must name a kernel and an initramfs
// that are whole: the name of their directory ends in their checksum.
func bootEntries(boot string) ([]bootEntry, error) {
	loader, err := os.Readlink(filepath.Join(boot, "loader"))
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(boot, loader, "entries")
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var entries []bootEntry
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".conf") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			return nil, err
		}
		entry, err := parseBootEntry(string(data))
		if err == nil {
			err = entry.check(boot)
		}
		if err != nil {
			return nil, fmt.Errorf("%s/entries/%s: %w", loader, f.Name(), err)
		}
		entries = append(entries, entry)
	}
	if len(entries) == 0 {
		return nil, fmt.Errorf("%s/entries is empty", loader)
	}
	slices.SortStableFunc(entries, func(a, b bootEntry) int { return b.version - a.version })
	return entries, nil
}

func parseBootEntry(text string) (e bootEntry, err error) {
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch key {
		case "version":
			if e.version, err = strconv.Atoi(value); err != nil {
				return e, err
			}
		case "linux":
			e.linux = value
		case "initrd":
			e.initrd = value
		case "options":
			for option := range strings.FieldsSeq(value) {
				if link, ok := strings.CutPrefix(option, "ostree="); ok {
					e.link = link
				}
			}
		}
	}
	if e.linux == "" || e.initrd == "" || e.link == "" {
		return e, fmt.Errorf("names no kernel, initramfs or deployment: %q", text)
	}
	return e, nil
}

func (e bootEntry) check(boot string) error {
	sum, err := sumOf(filepath.Join(boot, e.linux), filepath.Join(boot, e.initrd))
	if err != nil {
		return err
	}
	if dir := filepath.Dir(e.linux); !strings.HasSuffix(dir, "-"+sum) || filepath.Dir(e.initrd) != dir {
		return fmt.Errorf("kernel and initramfs in %s have the checksum %s", dir, sum)
	}
	return nil
}

// deployment follows the entry's link as an initramfs does, and gives the name
// of the deployment that it leads to.
func (e bootEntry) deployment(sysroot string) (string, error) {
	path, err := filepath.EvalSymlinks(filepath.Join(sysroot, e.link))
	if err != nil {
		return "", fmt.Errorf("ostree=%s: %w", e.link, err)
	}
	return filepath.Base(path), nil
}

// booted gives the names of the deployments that entries lead to.
func booted(entries []bootEntry, sysroot string) ([]string, error) {
	var names []string
	for _, e := range entries {
		name, err := e.deployment(sysroot)
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}
