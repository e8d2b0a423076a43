package aktualizrlite

import (
	"fmt"
	"io"
	"strings"
)

// command is one word of the command line and what it does.
type command struct {
	name, summary string
	// readOnly commands neither lock nor write.
	readOnly bool
	run      func(*invocation) (int, error)
}

func commands() []command {
	return []command{
		{"daemon", "poll the gateway, install what is new, reboot when needed", false, (*invocation).daemon},
		{"update", "refresh the metadata, then download and install the target", false, (*invocation).update},
		{"pull", "download the target; install it later", false, (*invocation).pull},
		{"install", "install a target that was pulled", false, (*invocation).install},
		{"list", "list the targets of the stored metadata", true, (*invocation).list},
		{"check", "refresh the metadata and list the targets", false, (*invocation).check},
		{"status", "show what this device runs", true, (*invocation).status},
		{"finalize", "finish an installation after the reboot", false, (*invocation).finalize},
		{"run", "the same as finalize", false, (*invocation).finalize},
		{"rollback", "give up the installation, or the running target, for the one before", false, (*invocation).rollback},
	}
}

func writeHelp(w io.Writer) {
	fmt.Fprint(w, "Usage:\n  aktualizr-lite [command] [flags]\n\nCommands:\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-10s%s\n", c.name, c.summary)
	}
	fmt.Fprint(w, "\nA target's name or version may follow the command.\n\nFlags:\n")
	for _, f := range flags() {
		option := "--" + f.name
		if f.short != "" {
			option = "-" + f.short + ", " + option
		}
		fmt.Fprintf(w, "  %-28s%s\n", strings.TrimSpace(option+" "+f.arg), f.usage)
	}
}
