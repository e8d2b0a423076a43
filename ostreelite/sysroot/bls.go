package sysroot

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxEntrySize bounds a boot loader entry; real ones have well under 2 KiB.
const maxEntrySize = 64 << 10

// entryOrder is the order of the well-known keys in a file that libostree
// writes (ostree-bootconfig-parser.c); the others follow.
var entryOrder = [...]string{"title", "version", "options", "devicetree", "linux", "initrd"}

// bootEntry is a boot loader entry as the Boot Loader Specification (type #1)
// has it: one key and value a line. Keys may be absent. "initrd" may come more
// than once; the first is the deployment's own, the rest are overlays.
type bootEntry struct {
	keys     map[string]string
	overlays []string
	name     string // of the file it was read from
}

// parseEntry reads an entry file the way libostree does: lines that do not
// begin with a letter or have no value are skipped, of a key given twice the
// last value counts. The error is an ErrMalformed.
func parseEntry(data []byte) (*bootEntry, error) {
	if len(data) > maxEntrySize {
		return nil, fmt.Errorf("%w: boot loader entry larger than %d bytes", ErrMalformed, maxEntrySize)
	}
	if !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0 {
		return nil, fmt.Errorf("%w: boot loader entry is not text", ErrMalformed)
	}
	e := &bootEntry{keys: make(map[string]string)}
	for line := range strings.SplitSeq(string(data), "\n") {
		if line == "" || !isLetter(line[0]) {
			continue
		}
		i := strings.IndexAny(line, " \t")
		if i < 0 {
			continue
		}
		key, value := line[:i], line[i+1:]
		if _, have := e.keys[key]; have && key == "initrd" {
			e.overlays = append(e.overlays, value)
			continue
		}
		e.keys[key] = value
	}
	return e, nil
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func (e *bootEntry) clone() *bootEntry {
	return &bootEntry{keys: maps.Clone(e.keys), overlays: slices.Clone(e.overlays)}
}

// marshal is the file libostree would write. Keys it does not know are sorted.
func (e *bootEntry) marshal() []byte {
	var b bytes.Buffer
	line := func(key, value string) {
		b.WriteString(key)
		b.WriteByte(' ')
		b.WriteString(value)
		b.WriteByte('\n')
	}
	for _, key := range entryOrder {
		if value, ok := e.keys[key]; ok {
			line(key, value)
		}
	}
	for _, value := range e.overlays {
		line("initrd", value)
	}
	for _, key := range slices.Sorted(maps.Keys(e.keys)) {
		if !slices.Contains(entryOrder[:], key) {
			line(key, e.keys[key])
		}
	}
	return b.Bytes()
}

// isEntryName reports whether a file of an entries directory is one of ours.
func isEntryName(name string) bool {
	return strings.HasPrefix(name, "ostree-") && strings.HasSuffix(name, ".conf")
}

// sortEntries puts what boots by default first: the highest version, entries
// without one last (Boot Loader Specification, "Sorting", as libostree has it).
func sortEntries(entries []*bootEntry) {
	slices.SortStableFunc(entries, func(a, b *bootEntry) int {
		av, aok := a.keys["version"]
		bv, bok := b.keys["version"]
		switch {
		case aok && bok:
			return -compareVersions(av, bv)
		case aok:
			return -1
		case bok:
			return 1
		}
		return 0
	})
}
