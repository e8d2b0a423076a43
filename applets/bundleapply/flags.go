package bundleapply

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"

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

// parse reads a command line. The bundle comes after the options; a lone - is
// not one of them.
func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("bundle-apply", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	config := func(v string) error { o.configs = append(o.configs, v); return nil }
	flags.Func("config", "", config)
	flags.Func("c", "", config)
	flags.StringVar(&o.sysroot, "sysroot", "", "")
	target := func(v string) error { return setTarget(&o.want, v) }
	flags.Func("target", "", target)
	flags.Func("t", "", target)
	flags.BoolVar(&o.force, "force", false, "")
	flags.BoolVar(&o.reboot, "reboot", false, "")
	flags.BoolVar(&o.check, "check", false, "")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		o.help = true
		return o, nil
	case err != nil:
		return o, fmt.Errorf("%w; see bundle-apply --help", err)
	case flags.NArg() != 1:
		return o, fmt.Errorf("one BUNDLE is needed after the options, not %d; see bundle-apply --help", flags.NArg())
	}
	o.bundle = flags.Arg(0)
	o.want.Downgrade = client.DowngradeRefused
	if o.force {
		o.want.Downgrade = client.DowngradeAllowed
	}
	return o, nil
}

// setTarget takes what parses as an integer for a version, as aktualizr-lite does.
func setTarget(want *client.Want, v string) error {
	if v == "" {
		return errors.New("the name is empty")
	}
	if n, err := strconv.Atoi(v); err == nil {
		want.Version, want.HasVersion = n, true
	} else {
		want.Name = v
	}
	return nil
}
