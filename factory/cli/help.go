//go:build factory

package cli

import (
	"flag"
	"fmt"
	"io"
	"strings"
)

func usage(w io.Writer) {
	fmt.Fprint(w, "sotabox-factory makes a factory, publishes versions and serves devices.\n\n"+
		"Usage: sotabox-factory COMMAND [flags] arguments\n\nCommands:\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-25s%s\n", c.name+" "+c.args, c.summary)
	}
	fmt.Fprint(w, `
A first round:
  sotabox-factory new factory
  sotabox-factory publish factory --version 1
  sotabox-factory device factory device
  sotabox-factory publish factory --version 2
  sotabox-factory serve factory &
  aktualizr-lite --config device/sota/sota.toml update
  sotabox-factory reboot device
  aktualizr-lite --config device/sota/sota.toml run

sotabox-factory COMMAND --help explains a command's flags.
`)
}

func (c command) help(w io.Writer, flags *flag.FlagSet) {
	fmt.Fprintf(w, "Usage: sotabox-factory %s [flags] %s\n\n%s.\n", c.name, c.args, capitalize(c.summary))
	header := "\nFlags:\n"
	flags.VisitAll(func(f *flag.Flag) {
		arg, text := flag.UnquoteUsage(f)
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" {
			text += " (default " + f.DefValue + ")"
		}
		fmt.Fprintf(w, "%s  %-26s%s\n", header, strings.TrimSpace("--"+f.Name+" "+arg), text)
		header = ""
	})
}

func capitalize(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func splitArgs(args string) []string { return strings.Fields(args) }
