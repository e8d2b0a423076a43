package sysroot

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// bootLink is what an ostree= kernel argument names:
// /ostree/boot.VERSION/OS/BOOTCSUM/SERIAL, a link to a deployment.
type bootLink struct {
	version      int
	os           string
	bootChecksum string
	serial       int
}

func (l bootLink) String() string {
	return fmt.Sprintf("/ostree/boot.%d/%s/%s/%d", l.version, l.os, l.bootChecksum, l.serial)
}

// parseBootLink reads the value of an ostree= argument. The error is an ErrMalformed.
func parseBootLink(s string) (bootLink, error) {
	parts := strings.Split(s, "/")
	if len(parts) == 6 && parts[0] == "" && parts[1] == "ostree" && validName(parts[3]) && validName(parts[4]) {
		version, ok := parseBootDir(parts[2])
		serial, err := parseSerial(parts[5])
		if ok && err == nil {
			return bootLink{version, parts[3], parts[4], serial}, nil
		}
	}
	return bootLink{}, fmt.Errorf("%w: ostree=%q, expected /ostree/boot.VERSION/OS/BOOTCSUM/SERIAL", ErrMalformed, s)
}

// parseBootDir reads boot.0 and boot.1.
func parseBootDir(s string) (int, bool) {
	switch s {
	case "boot.0":
		return 0, true
	case "boot.1":
		return 1, true
	}
	return 0, false
}

// bootVersionOf reads the target of the link /boot/loader.
func bootVersionOf(target string) (int, error) {
	switch target {
	case "loader.0":
		return 0, nil
	case "loader.1":
		return 1, nil
	}
	return 0, fmt.Errorf("%w: boot/loader points to %q, expected loader.0 or loader.1", ErrMalformed, target)
}

// subBootVersionOf reads the target of the link /ostree/boot.VERSION.
func subBootVersionOf(version int, target string) (int, error) {
	switch {
	case strings.HasSuffix(target, ".0"):
		return 0, nil
	case strings.HasSuffix(target, ".1"):
		return 1, nil
	}
	return 0, fmt.Errorf("%w: ostree/boot.%d points to %q", ErrMalformed, version, target)
}

// parseDeployName reads COMMIT.SERIAL, the name of a deployment's directory.
func parseDeployName(name string) (object.Checksum, int, error) {
	hex, serial, ok := strings.Cut(name, ".")
	if ok {
		c, err := object.ParseChecksum(hex)
		n, serr := parseSerial(serial)
		if err == nil && serr == nil {
			return c, n, nil
		}
	}
	return object.Checksum{}, 0, fmt.Errorf("%w: deployment name %q, expected COMMIT.SERIAL", ErrMalformed, name)
}

func deployName(c object.Checksum, serial int) string {
	return c.String() + "." + strconv.Itoa(serial)
}

func parseSerial(s string) (int, error) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, fmt.Errorf("%w: serial %q", ErrMalformed, s)
	}
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%w: serial %q", ErrMalformed, s)
	}
	return int(n), nil
}

// validName reports whether s can be one component of a path, and a field of
// a boot loader entry.
func validName(s string) bool {
	if s == "" || s == "." || s == ".." || len(s) > 255 {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == '/' || r == 0x7f })
}
