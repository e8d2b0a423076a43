package repo

import (
	"bytes"
	"fmt"
	"strings"
)

// Keyfile is a configuration file in GLib's key file format. Lines that are not
// touched keep their place and spelling, comments and unknown keys included.
type Keyfile struct{ lines []keyLine }

// keyLine is one line. A group's header has a group and no key; a line without
// either is a comment or blank.
type keyLine struct{ text, group, key, value string }

// ParseKeyfile reads a key file. Of a key that is there twice the last counts.
func ParseKeyfile(data []byte) (*Keyfile, error) {
	k, group := &Keyfile{}, ""
	for n, raw := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
		text := strings.TrimSpace(raw)
		line := keyLine{text: raw}
		switch {
		case text == "" || text[0] == '#':
		case text[0] == '[' && text[len(text)-1] == ']' && len(text) > 2:
			group = text[1 : len(text)-1]
			line.group = group
		default:
			key, value, ok := strings.Cut(text, "=")
			if key = strings.TrimSpace(key); !ok || key == "" || group == "" {
				return nil, fmt.Errorf("key file line %d: not a group, key or comment: %.80q", n+1, text)
			}
			line.group, line.key, line.value = group, key, strings.TrimSpace(value)
		}
		k.lines = append(k.lines, line)
	}
	return k, nil
}

// Get is the raw value of a key.
func (k *Keyfile) Get(group, key string) (string, bool) {
	for i := len(k.lines) - 1; i >= 0; i-- {
		if l := k.lines[i]; l.key == key && key != "" && l.group == group {
			return l.value, true
		}
	}
	return "", false
}

// Groups lists the groups in the order of their first header.
func (k *Keyfile) Groups() []string {
	var groups []string
	seen := map[string]bool{}
	for _, l := range k.lines {
		if l.group != "" && l.key == "" && !seen[l.group] {
			seen[l.group] = true
			groups = append(groups, l.group)
		}
	}
	return groups
}

// Set gives a key a value, in place if it is there, else at the end of its
// group, which is made if need be.
func (k *Keyfile) Set(group, key, value string) {
	line := keyLine{key + "=" + value, group, key, value}
	end := -1
	for i, l := range k.lines {
		if l.group != group {
			continue
		}
		if l.key == key {
			k.lines[i] = line
			return
		}
		end = i
	}
	if end < 0 {
		if len(k.lines) > 0 && k.lines[len(k.lines)-1].text != "" {
			k.lines = append(k.lines, keyLine{})
		}
		k.lines = append(k.lines, keyLine{text: "[" + group + "]", group: group}, line)
		return
	}
	k.lines = append(k.lines[:end+1], append([]keyLine{line}, k.lines[end+1:]...)...)
}

// DeleteGroup removes a group with its keys.
func (k *Keyfile) DeleteGroup(group string) {
	kept := k.lines[:0]
	for _, l := range k.lines {
		if l.group != group {
			kept = append(kept, l)
		}
	}
	k.lines = kept
}

// Bytes is the file.
func (k *Keyfile) Bytes() []byte {
	var b bytes.Buffer
	for _, l := range k.lines {
		b.WriteString(l.text)
		b.WriteByte('\n')
	}
	return b.Bytes()
}
