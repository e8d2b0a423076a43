package sysroot

import (
	"fmt"
	"strconv"
	"strings"
)

// maxOSRelease bounds an os-release file.
const maxOSRelease = 1 << 20

// osName is the name of an operating system for a boot menu: PRETTY_NAME, or
// else ID, of its os-release file (os-release(5)).
func osName(release string) (string, error) {
	id := ""
	for line := range strings.SplitSeq(release, "\n") {
		key, quoted, ok := strings.Cut(line, "=")
		if !ok || key != "PRETTY_NAME" && key != "ID" {
			continue
		}
		value, ok := unquote(quoted)
		if !ok || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' }) {
			continue
		}
		if key == "PRETTY_NAME" {
			return value, nil
		}
		id = value
	}
	if id == "" {
		return "", fmt.Errorf("%w: os-release has neither PRETTY_NAME nor ID", ErrTree)
	}
	return id, nil
}

// unquote takes shell quotes off a value.
func unquote(s string) (string, bool) {
	var b strings.Builder
	quote := byte(0)
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		case quote != 0 && c == quote:
			quote = 0
		case c == '\\' && quote != '\'':
			if i++; i == len(s) {
				return "", false
			}
			if quote == '"' && !strings.ContainsRune("$`\"\\", rune(s[i])) {
				b.WriteByte('\\')
			}
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), quote == 0
}

// entryTitle is the title of the deployment at index in the boot menu, as
// libostree writes it: boot loader configurations are known to look for the
// "(ostree" in it.
func entryTitle(name string, d Deployment, index int, showOS bool) string {
	title := name
	if d.Version != "" && !strings.Contains(name, d.Version) {
		title += " " + d.Version
	}
	title += " (ostree"
	if showOS {
		title += ":" + d.OS
	}
	return title + ":" + strconv.Itoa(index) + ")"
}

// readOSName reads os-release where libostree reads it.
func readOSName(tree int) (string, error) {
	f, err := openInTree(tree, "usr/lib/os-release")
	if missing(err) {
		f, err = openInTree(tree, "etc/os-release")
	}
	if missing(err) {
		return "", fmt.Errorf("%w: it has no usr/lib/os-release", ErrTree)
	}
	if err != nil {
		return "", fmt.Errorf("read os-release: %w", err)
	}
	defer f.Close()
	data, err := readAll(f, maxOSRelease)
	if err != nil {
		return "", fmt.Errorf("read os-release: %w", err)
	}
	return osName(string(data))
}
