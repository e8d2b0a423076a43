package sysroot

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// hasSELinuxPolicy reports whether a tree asks for SELinux labels, the way
// libostree decides it: SELINUX= of etc/selinux/config, or usr/etc's if the
// tree has no etc/selinux.
func hasSELinuxPolicy(tree int) (bool, error) {
	dir, err := openDir(tree, "etc/selinux")
	if missing(err) {
		dir, err = openDir(tree, "usr/etc/selinux")
	}
	if missing(err) || err == unix.ENOTDIR || err == unix.ELOOP {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for an SELinux policy: %w", err)
	}
	defer unix.Close(dir)
	data, err := readFile(dir, "config", 1<<20)
	if missing(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read selinux/config: %w", err)
	}
	return selinuxEnabled(string(data)), nil
}

func selinuxEnabled(config string) bool {
	for line := range strings.SplitSeq(config, "\n") {
		if mode, ok := strings.CutPrefix(line, "SELINUX="); ok {
			mode = strings.ToLower(mode)
			if strings.HasPrefix(mode, "enforcing") || strings.HasPrefix(mode, "permissive") {
				return true
			}
		}
	}
	return false
}
