package bundleapply

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sotabox/sotabox/client"
)

// options is the parsed command line.
type options struct {
	configs              []string
	sysroot              string
	want                 client.Want
	force, reboot, check bool
	help                 bool
	bundle               string
}

const usage = `Usage:
  bundle-apply [options] BUNDLE

Verifies an offline bundle and installs the target in it. BUNDLE is a directory,
an archive (.tar, .tar.gz or .tar.zst), or - for an archive on standard input.

Options:
  -c, --config PATH    configuration file or directory; may be repeated
      --sysroot DIR    update the system mounted at DIR, not the running one
  -t, --target NAME    name or version of the target; default: the latest
      --force          install a target that is older than what runs
      --reboot         reboot if the installation needs it
      --check          verify the bundle and say what is to do, without doing it
  -h, --help           print this text
`

// parse reads a command line: options and the bundle in any order, an option's
// value after it or after "=". A lone - is the bundle.
func parse(args []string) (options, error) {
	var o options
	var bundles []string
	for i := 0; i < len(args); i++ {
		name, value, hasValue := strings.Cut(args[i], "=")
		if args[i] == "-" || !strings.HasPrefix(name, "-") {
			bundles = append(bundles, args[i])
			continue
		}
		if args[i] == "--" {
			bundles = append(bundles, args[i+1:]...)
			break
		}
		if on := o.toggle(name); on != nil {
			if hasValue {
				return o, fmt.Errorf("%s takes no value; see bundle-apply --help", name)
			}
			*on = true
			continue
		}
		if !hasValue {
			if i++; i < len(args) {
				value = args[i]
			}
		}
		if err := o.set(name, value); err != nil {
			return o, err
		}
	}
	if o.help {
		return o, nil
	}
	if len(bundles) != 1 {
		return o, fmt.Errorf("one BUNDLE is needed, not %d; see bundle-apply --help", len(bundles))
	}
	o.bundle = bundles[0]
	o.want.Downgrade = client.DowngradeRefused
	if o.force {
		o.want.Downgrade = client.DowngradeAllowed
	}
	return o, nil
}

// toggle is what an option without a value turns on, nil for all others.
func (o *options) toggle(name string) *bool {
	switch name {
	case "--force":
		return &o.force
	case "--reboot":
		return &o.reboot
	case "--check":
		return &o.check
	case "-h", "--help":
		return &o.help
	}
	return nil
}

func (o *options) set(name, value string) error {
	var into func(string)
	switch name {
	case "-c", "--config":
		into = func(v string) { o.configs = append(o.configs, v) }
	case "--sysroot":
		into = func(v string) { o.sysroot = v }
	case "-t", "--target":
		into = o.setTarget
	default:
		return fmt.Errorf("unknown option %q; see bundle-apply --help", name)
	}
	if value == "" {
		return fmt.Errorf("%s needs a value; see bundle-apply --help", name)
	}
	into(value)
	return nil
}

// setTarget takes what parses as an integer for a version, as aktualizr-lite does.
func (o *options) setTarget(v string) {
	o.want = client.Want{Name: v}
	if n, err := strconv.Atoi(v); err == nil {
		o.want = client.Want{Version: n, HasVersion: true}
	}
}
