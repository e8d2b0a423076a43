package main

import (
	"debug/elf"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Costs is what the parts of a binary weigh in its file, by import path. What
// belongs to no package has a name in parentheses.
type Costs map[string]int64

const (
	partFunctions = "(function tables)"
	partTypes     = "(types, strings, constants)"
	partRest      = "(headers, tables, padding)"
)

// packageCosts adds up the symbols of a binary that is not stripped. The parts
// sum up to what the sections weigh in the file; memory that the file does not
// hold (.bss) costs nothing.
func packageCosts(f *elf.File) (Costs, error) {
	symbols, err := f.Symbols()
	if err != nil {
		return nil, fmt.Errorf("read symbols: %w", err)
	}
	costs := Costs{}
	named := map[elf.SectionIndex]int64{}
	for _, s := range symbols {
		if int(s.Section) >= len(f.Sections) || !inFile(f.Sections[s.Section]) || isTable(f.Sections[s.Section]) {
			continue
		}
		named[s.Section] += int64(s.Size)
		costs[owner(s.Name)] += int64(s.Size)
	}
	for i, section := range f.Sections {
		if inFile(section) {
			costs[part(section)] += int64(section.Size) - named[elf.SectionIndex(i)]
		}
	}
	return costs, nil
}

func inFile(s *elf.Section) bool {
	return s.Flags&elf.SHF_ALLOC != 0 && s.Type != elf.SHT_NOBITS
}

// isTable says whether the linker made the section up about all packages.
func isTable(s *elf.Section) bool {
	return strings.HasPrefix(s.Name, ".go") || s.Name == ".typelink" || s.Name == ".itablink"
}

// part names what a section holds besides the symbols of packages.
func part(s *elf.Section) string {
	switch s.Name {
	case ".gopclntab":
		return partFunctions
	case ".rodata":
		return partTypes
	default:
		return partRest
	}
}

// owner is the import path of the package that a symbol belongs to, or the
// part of the binary if the linker gathered it from all of them.
func owner(name string) string {
	for _, generated := range []string{"type:.eq.", "type:.hash."} {
		name = strings.TrimPrefix(name, generated)
	}
	if strings.HasPrefix(name, "type:") || strings.HasPrefix(name, "go:") || strings.HasPrefix(name, "[") {
		return partTypes
	}
	// A type argument may hold slashes of its own.
	plain, _, _ := strings.Cut(name, "[")
	slash := strings.LastIndexByte(plain, '/') + 1
	dot := strings.IndexByte(plain[slash:], '.')
	if dot < 0 {
		return partRest
	}
	// Dots in the last element are escaped, so that the first one ends it.
	if path, err := url.PathUnescape(plain[:slash+dot]); err == nil {
		return path
	}
	return plain[:slash+dot]
}

// byCost returns the parts of the first of all, the largest first, and drops
// those that weigh less than least in each of them; dropped counts these.
func byCost(all []Costs, least int64) (names []string, dropped Costs) {
	largest := Costs{}
	for _, costs := range all {
		for name, bytes := range costs {
			largest[name] = max(largest[name], bytes)
		}
	}
	dropped = Costs{}
	for name, bytes := range largest {
		if bytes < least {
			dropped[name] = bytes
		} else {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		if d := largest[b] - largest[a]; d != 0 {
			return int(d)
		}
		return strings.Compare(a, b)
	})
	return names, dropped
}
