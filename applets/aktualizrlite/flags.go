package aktualizrlite

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/sotabox/sotabox/client"
)

// options is the parsed command line.
type options struct {
	command string
	want    client.Want
	configs []string
	// logLevel is -1 if not given.
	logLevel      int
	interval      time.Duration
	json          bool
	srcDir        string
	delayApps     bool
	help, version bool
}

// errUsage is the class of a command line that makes no sense.
var errUsage = errors.New("bad usage")

func usagef(format string, args ...any) error {
	return fmt.Errorf(format+"; see aktualizr-lite --help: %w", append(args, errUsage)...)
}

// flag is one option of the command line.
type flag struct {
	name, short string
	noValue     bool
	repeatable  bool
	set         func(o *options, value string) error
	usage       string
	arg         string
}

func flags() []flag {
	return []flag{
		{name: "help", short: "h", noValue: true, usage: "print this text",
			set: func(o *options, _ string) error { o.help = true; return nil }},
		{name: "version", short: "v", noValue: true, usage: "print the version",
			set: func(o *options, _ string) error { o.version = true; return nil }},
		{name: "config", short: "c", arg: "PATH", repeatable: true, usage: "configuration file or directory; may be repeated",
			set: func(o *options, v string) error { o.configs = append(o.configs, v); return nil }},
		{name: "loglevel", arg: "0..5", usage: "trace, debug, info, warning, error, fatal",
			set: func(o *options, v string) (err error) {
				if o.logLevel, err = strconv.Atoi(v); err != nil || o.logLevel < 0 || o.logLevel > 5 {
					return usagef("--loglevel takes a number from 0 to 5, not %q", v)
				}
				return nil
			}},
		{name: "update-name", arg: "TARGET", usage: "name or version of the target for pull, install and update; default: the latest",
			set: func(o *options, v string) error { return setTarget(o, v) }},
		{name: "install-mode", arg: "MODE", usage: "delay-app-install: start the apps later, with run",
			set: func(o *options, v string) error {
				if v != "delay-app-install" {
					return usagef("--install-mode knows delay-app-install, not %q", v)
				}
				o.delayApps = true
				return nil
			}},
		{name: "interval", arg: "SECONDS", usage: "time between two polls of the daemon instead of uptane.polling_sec",
			set: func(o *options, v string) error {
				n, err := strconv.ParseUint(v, 10, 64)
				if err != nil || n == 0 || n > math.MaxInt64/uint64(time.Second) {
					return usagef("--interval takes a number of seconds, not %q", v)
				}
				o.interval = time.Duration(n) * time.Second
				return nil
			}},
		{name: "json", arg: "0|1", usage: "check, list, status: print JSON, and no logs unless --loglevel is given",
			set: func(o *options, v string) (err error) { o.json, err = parseBool("--json", v); return err }},
		{name: "src-dir", arg: "DIR", usage: "update from an offline bundle: a directory, or an archive of one",
			set: func(o *options, v string) error { o.srcDir = v; return nil }},
		{name: "report-hw-info", arg: "0|1", usage: "accepted; this version reports no hardware",
			set: func(_ *options, v string) error { _, err := parseBool("--report-hw-info", v); return err }},
		{name: "command", arg: "NAME", usage: "the command, as an option",
			set: func(o *options, v string) error { o.command = v; return nil }},
	}
}

// parse reads a command line as boost's program_options does, which scripts
// were written against: options anywhere, `--name value`, `--name=value`,
// unique abbreviations, and two positional words, the command and the target.
// Unlike it, whatever is wrong is an error (errUsage).
func parse(args []string) (options, error) {
	o := options{logLevel: -1}
	seen := map[string]bool{}
	var positional []string
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			positional = append(positional, args[i+1:]...)
			break
		}
		if len(arg) < 2 || arg[0] != '-' {
			positional = append(positional, arg)
			continue
		}
		f, value, hasValue, err := lookUp(arg)
		if err != nil {
			return o, err
		}
		switch {
		case f.noValue && hasValue:
			return o, usagef("--%s takes no value", f.name)
		case !f.noValue && !hasValue:
			if i++; i == len(args) {
				return o, usagef("--%s needs a value", f.name)
			}
			value = args[i]
		}
		if seen[f.name] && !f.repeatable {
			return o, usagef("--%s is given twice", f.name)
		}
		seen[f.name] = true
		if err := f.set(&o, value); err != nil {
			return o, err
		}
	}
	for i, word := range positional {
		switch {
		case i == 0 && !seen["command"]:
			o.command = word
		case i < 2 && !seen["update-name"] && !o.want.Named():
			if err := setTarget(&o, word); err != nil {
				return o, err
			}
		default:
			return o, usagef("unexpected argument %q", word)
		}
	}
	return o, nil
}

// lookUp finds the flag that arg names and the value attached to it, if any.
func lookUp(arg string) (f flag, value string, hasValue bool, err error) {
	if !strings.HasPrefix(arg, "--") {
		for _, f := range flags() {
			if f.short != "" && strings.HasPrefix(arg[1:], f.short) {
				value = arg[1+len(f.short):]
				return f, value, value != "", nil
			}
		}
		return f, "", false, usagef("unknown option %q", arg)
	}
	name, value, hasValue := strings.Cut(arg[2:], "=")
	var matches []flag
	for _, f := range flags() {
		if f.name == name {
			return f, value, hasValue, nil
		}
		if strings.HasPrefix(f.name, name) {
			matches = append(matches, f)
		}
	}
	switch len(matches) {
	case 1:
		return matches[0], value, hasValue, nil
	case 0:
		return f, "", false, usagef("unknown option %q", "--"+name)
	}
	return f, "", false, usagef("option %q is ambiguous", "--"+name)
}

// setTarget takes what parses as an integer for a version and anything else
// for a name.
func setTarget(o *options, v string) error {
	if v == "" {
		return usagef("the name of the target is empty")
	}
	if n, err := strconv.Atoi(v); err == nil {
		o.want = client.Want{Version: n, HasVersion: true}
	} else {
		o.want = client.Want{Name: v}
	}
	return nil
}

func parseBool(name, v string) (bool, error) {
	switch strings.ToLower(v) {
	case "1", "true", "yes", "on":
		return true, nil
	case "0", "false", "no", "off":
		return false, nil
	}
	return false, usagef("%s takes 0 or 1, not %q", name, v)
}
