package config

import (
	"bytes"
	"fmt"
	"strings"
)

// entry is one "key = value" line with where it stands.
type entry struct {
	section, key, value string
	file                string
	line                int
}

// errorf is an ErrInvalid that says where.
func (e entry) errorf(format string, args ...any) error {
	return fmt.Errorf("%s:%d: %w: %s", e.file, e.line, ErrInvalid, fmt.Sprintf(format, args...))
}

// parse reads one file by the rules of boost::property_tree::read_ini: lines are
// trimmed; ';' or '#' first in a line starts a comment; what follows "[section]"
// in a line is ignored; the first '=' splits key from value; a key twice in a
// section and a section twice in a file are errors.
func parse(file string, data []byte) ([]entry, error) {
	var (
		entries []entry
		section string
		keys    = map[string]bool{}
		filled  = map[string]bool{} // sections that have keys: an empty one may come again
	)
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	number := 0
	for raw := range strings.SplitSeq(string(data), "\n") {
		number++
		at := entry{file: file, line: number}
		if strings.ContainsRune(raw, 0) {
			return nil, at.errorf("not a text file")
		}
		line := strings.TrimSpace(raw)
		if line == "" || line[0] == ';' || line[0] == '#' {
			continue
		}
		if line[0] == '[' {
			name, _, ok := strings.Cut(line[1:], "]")
			if !ok {
				return nil, at.errorf("no ']' after the section name")
			}
			section = strings.TrimSpace(name)
			if section != "" && filled[section] {
				return nil, at.errorf("section [%s] is in this file already", section)
			}
			clear(keys)
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			return nil, at.errorf("no '=' in this line, want key = value")
		}
		at.section, at.key, at.value = section, strings.TrimSpace(key), unquote(value)
		if at.key == "" {
			return nil, at.errorf("no key before '='")
		}
		if keys[at.key] {
			return nil, at.errorf("%s is set twice in section [%s]", at.key, section)
		}
		keys[at.key], filled[section] = true, true
		entries = append(entries, at)
	}
	return entries, nil
}

// unquote takes the value out of what follows '='. A quoted string may be
// followed by a comment, and so may a bare word by " #", as in TOML (the C++
// client would take the comment into the value). Otherwise quotes are simply
// dropped, wherever they are, as the C++ client does; there are no escapes.
func unquote(s string) string {
	s = strings.TrimSpace(s)
	if rest, ok := strings.CutPrefix(s, `"`); ok {
		inner, tail, closed := strings.Cut(rest, `"`)
		tail = strings.TrimSpace(tail)
		if closed && (tail == "" || tail[0] == '#' || tail[0] == ';') {
			return inner
		}
	} else if i := strings.IndexAny(s, " \t"); i >= 0 {
		for ; i < len(s); i++ {
			if s[i] == '#' && (s[i-1] == ' ' || s[i-1] == '\t') {
				s = strings.TrimSpace(s[:i])
				break
			}
		}
	}
	return strings.ReplaceAll(s, `"`, "")
}
