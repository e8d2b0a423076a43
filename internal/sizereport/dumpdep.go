package main

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// reflectMark is how the linker's -dumpdep marks a function that looks up a
// method by a name that is only known at run time. If one is reachable, the
// linker must keep every exported method of every type that is: it cost this
// program 1.8 MB once.
const reflectMark = "<ReflectMethod>"

// errNoDeps: the linker printed nothing, so nothing is known; it does not link
// again what is up to date.
var errNoDeps = errors.New("the linker printed no dependencies")

// reflectMethods reads what go build -ldflags=-dumpdep printed and returns, for
// the first function so marked, the chain of symbols that leads to it, the
// entry point first. It returns nil if there is none.
//
// Each line is "symbol -> symbol", in the order in which the linker reached
// the right one, so the first line that names a symbol tells who brought it in.
func reflectMethods(r io.Reader) ([]string, error) {
	broughtBy := map[string]string{}
	marked := ""
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20) // a symbol can spell out a large generic type
	for lines.Scan() {
		from, to, ok := strings.Cut(lines.Text(), " -> ")
		if !ok {
			continue
		}
		for _, side := range []string{from, to} {
			if marked == "" && strings.Contains(side, reflectMark) {
				marked = symbol(side)
			}
		}
		if child := symbol(to); broughtBy[child] == "" {
			broughtBy[child] = symbol(from)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(broughtBy) == 0 {
		return nil, errNoDeps
	}
	if marked == "" {
		return nil, nil
	}
	var path []string
	seen := map[string]bool{}
	for name := marked; name != "" && name != "_" && !seen[name]; name = broughtBy[name] {
		seen[name] = true
		path = append([]string{name}, path...)
	}
	return path, nil
}

// symbol is one side of a line without the linker's marks.
func symbol(side string) string {
	name, _, _ := strings.Cut(side, " <")
	return name
}

func chain(symbols []string) string { return strings.Join(symbols, " -> ") }
