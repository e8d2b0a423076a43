package sysroot

import (
	"fmt"
	"slices"
	"strings"
)

// splitArgs takes a kernel command line apart. libostree separates at single
// spaces only; empty pieces carry nothing and are dropped.
func splitArgs(line string) []string {
	return slices.DeleteFunc(strings.Split(strings.TrimRight(line, "\n"), " "), func(s string) bool { return s == "" })
}

func argKey(arg string) string {
	key, _, _ := strings.Cut(arg, "=")
	return key
}

// lookupArg is the value of the first argument named key.
func lookupArg(args []string, key string) (string, bool) {
	for _, arg := range args {
		if value, ok := strings.CutPrefix(arg, key+"="); ok {
			return value, true
		}
	}
	return "", false
}

// replaceArg puts arg where the first argument of that name is and drops the
// other ones; without any it goes last.
func replaceArg(args []string, arg string) []string {
	key := argKey(arg)
	out := make([]string, 0, len(args)+1)
	placed := false
	for _, a := range args {
		switch {
		case argKey(a) != key:
			out = append(out, a)
		case !placed:
			out, placed = append(out, arg), true
		}
	}
	if !placed {
		out = append(out, arg)
	}
	return out
}

// withoutArg drops every argument named key.
func withoutArg(args []string, key string) []string {
	return slices.DeleteFunc(slices.Clone(args), func(a string) bool { return argKey(a) == key })
}

// foreignArgs drops the arguments that libostree and this package derive from the
// deployment itself: ostree=, and the init= of a kernel without an initramfs.
func foreignArgs(args []string) []string {
	return withoutOwnInit(withoutArg(args, "ostree"))
}

// withoutOwnInit drops the init= of a kernel without an initramfs.
func withoutOwnInit(args []string) []string {
	return slices.DeleteFunc(slices.Clone(args), func(a string) bool { return strings.HasPrefix(a, "init=/ostree/boot.") })
}

// checkArgs refuses arguments that would come back different from a kernel
// command line, or that belong to this package.
func checkArgs(args []string) error {
	for _, a := range args {
		if a == "" || strings.ContainsFunc(a, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
			return fmt.Errorf("%w: kernel argument %q holds white space or control characters", ErrMalformed, a)
		}
		if argKey(a) == "ostree" {
			return fmt.Errorf("%w: kernel argument %q is set by the deployment itself", ErrMalformed, a)
		}
	}
	return nil
}

func joinArgs(args []string) string { return strings.Join(args, " ") }
