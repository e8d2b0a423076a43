package tuf

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// referenceCanonical is a second implementation of Canonical: by the tokens of encoding/json, and with nothing in mind but
// to be plain.
func referenceCanonical(data []byte) (string, error) {
	if !utf8.Valid(data) {
		return "", errors.New("not UTF-8")
	}
	if hasLoneSurrogate(data) { // which a decoder takes for U+FFFD
		return "", errors.New("lone surrogate")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	out, err := referenceValue(d, 0)
	if err != nil {
		return "", err
	}
	if _, err := d.Token(); err != io.EOF {
		return "", errors.New("text after the value")
	}
	return out, nil
}

func referenceValue(d *json.Decoder, depth int) (string, error) {
	if depth > maxDepth {
		return "", errors.New("too deep")
	}
	token, err := d.Token()
	if err != nil {
		return "", err
	}
	switch token {
	case json.Delim('['):
		var items []string
		for d.More() {
			item, err := referenceValue(d, depth+1)
			if err != nil {
				return "", err
			}
			items = append(items, item)
		}
		_, err := d.Token()
		return "[" + strings.Join(items, ",") + "]", err
	case json.Delim('{'):
		members := map[string]string{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return "", err
			}
			if _, ok := members[name.(string)]; ok {
				return "", errors.New("member twice")
			}
			if members[name.(string)], err = referenceValue(d, depth+1); err != nil {
				return "", err
			}
		}
		var items []string
		for _, name := range slices.Sorted(maps.Keys(members)) {
			items = append(items, referenceString(name)+":"+members[name])
		}
		_, err := d.Token()
		return "{" + strings.Join(items, ",") + "}", err
	}
	switch v := token.(type) {
	case string:
		return referenceString(v), nil
	case json.Number:
		return referenceNumber(v.String())
	case nil:
		return "null", nil
	}
	return fmt.Sprint(token), nil
}

func referenceNumber(s string) (string, error) {
	if !strings.ContainsAny(s, ".eE") {
		return s, nil
	}
	f, err := strconv.ParseFloat(s, 64)
	s = fmt.Sprintf("%.17g", f)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return s, err
}

func referenceString(s string) string {
	out := `"`
	for _, unit := range utf16.Encode([]rune(s)) {
		short, ok := map[uint16]string{'"': `\"`, '\\': `\\`, '\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`}[unit]
		switch {
		case ok:
			out += short
		case unit < 0x20 || unit > 0x7f:
			out += fmt.Sprintf(`\u%04x`, unit)
		default:
			out += string(rune(unit))
		}
	}
	return out + `"`
}

var escapes = regexp.MustCompile(`(?s)\\(u[0-9a-fA-F]{4}|.)`)

func hasLoneSurrogate(data []byte) bool {
	end := -1 // of a high surrogate that waits for its other half
	for _, at := range escapes.FindAllIndex(data, -1) {
		unit, err := strconv.ParseUint(strings.TrimPrefix(string(data[at[0]:at[1]]), `\u`), 16, 16)
		low := err == nil && unit >= 0xdc00 && unit <= 0xdfff
		if (end >= 0) != low || low && at[0] != end {
			return true
		}
		end = -1
		if err == nil && unit >= 0xd800 && unit < 0xdc00 {
			end = at[1]
		}
	}
	return end >= 0
}
