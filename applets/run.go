package applets

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/sotabox/sotabox/applets/applet"
	"github.com/sotabox/sotabox/internal/memory"
)

// Exit codes of the program under its own name. An applet has its own.
const (
	exitOK      = 0
	exitFailure = 1
	// exitUnknown is the shell's code for a command that does not exist.
	exitUnknown = 127
)

// Run finds the applet that argv asks for in table, runs it and returns the
// process's exit code. call carries the process's streams, environment and
// version; Run fills in the name and the arguments.
func Run(table []applet.Applet, argv []string, call applet.Call) int {
	var names, args []string
	if len(argv) > 0 {
		names, args = calledNames(argv[0]), argv[1:]
	}
	a, rest, ok := Resolve(table, names, args)
	switch {
	case ok:
		memory.Limit()
		call.Name, call.Args = a.Name, rest
		return a.Main(call)
	case isBinary(names):
		return runBinary(table, args, call)
	default:
		return unknown(table, filepath.Base(names[0]), call.Stderr)
	}
}

// runBinary is the program under its own name, without an applet.
func runBinary(table []applet.Applet, args []string, call applet.Call) int {
	if len(args) == 0 {
		writeHelp(table, call.Stdout)
		return exitOK
	}
	option, rest := args[0], args[1:]
	operands, ok := map[string]int{
		"-h": 0, "--help": 0, "-v": 0, "--version": 0, "--list": 0, "--install": 1,
	}[option]
	switch {
	case !ok && option != "" && option[0] == '-':
		return usage(call.Stderr, "unknown option %q", option)
	case !ok:
		return unknown(table, option, call.Stderr)
	case len(rest) < operands:
		return usage(call.Stderr, "%s needs a directory", option)
	case len(rest) > operands:
		return usage(call.Stderr, "unexpected argument %q after %s", rest[operands], option)
	}
	switch option {
	case "--install":
		return installLinks(table, rest[0], call)
	case "--list":
		for _, a := range table {
			fmt.Fprintln(call.Stdout, a.Name)
		}
	case "-v", "--version":
		fmt.Fprintln(call.Stdout, Binary, call.Version)
	default:
		writeHelp(table, call.Stdout)
	}
	return exitOK
}

func installLinks(table []applet.Applet, dir string, call applet.Call) int {
	names := make([]string, len(table))
	for i, a := range table {
		names[i] = a.Name
	}
	made, err := Install(dir, names)
	for _, l := range made {
		fmt.Fprintf(call.Stdout, "%s -> %s\n", l.Path, l.Target)
	}
	if err != nil {
		fmt.Fprintf(call.Stderr, "%s: %v\n", Binary, err)
		return exitFailure
	}
	return exitOK
}

func unknown(table []applet.Applet, name string, stderr io.Writer) int {
	fmt.Fprintf(stderr, "%s: %q is not an applet; there are:\n", Binary, name)
	writeTable(table, stderr)
	return exitUnknown
}

func usage(stderr io.Writer, format string, args ...any) int {
	fmt.Fprintf(stderr, "%s: %s (see %s --help)\n", Binary, fmt.Sprintf(format, args...), Binary)
	return exitFailure
}
