//go:build factory

package cli

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/sotabox/sotabox/factory"
)

func bundle(flags *flag.FlagSet) work {
	var o factory.BundleOptions
	targets := flags.String("targets", "", "comma separated `TARGETS` to put into it, by name or version")
	flags.BoolVar(&o.Production, "production", false, "make it for production devices")
	flags.StringVar(&o.Tag, "tag", "", "`TAG` that it is for instead of the factory's")
	flags.Int64Var(&o.FirstRoot, "first-root", 1, "leave out roots before this `VERSION`, which devices have")
	flags.BoolVar(&o.Unsigned, "no-description", false, "leave out bundle-targets.json, as old tools do")
	expires := flags.String("expires", "", "`TIME` after which it is of no use, RFC 3339, also one that is past (default in a year)")
	unsigned := flags.String("unsigned", "", "make no bundle but write bundle-targets.json to `FILE`, for people to sign")
	signed := flags.String("signed", "", "make it with the bundle-targets.json in `FILE`, which people have signed")
	return func(ctx context.Context, args []string, out io.Writer) (err error) {
		if o.Expires, err = parseTime(*expires); err != nil {
			return err
		}
		if *targets != "" {
			o.Targets = strings.Split(*targets, ",")
		}
		f, err := factory.Open(args[0])
		if err != nil {
			return err
		}
		if *unsigned != "" {
			document, err := f.ProposeBundle(o)
			return propose(out, *unsigned, document, err)
		}
		if *signed != "" {
			if o.Signed, err = os.ReadFile(*signed); err != nil {
				return err
			}
		}
		if err := f.Bundle(ctx, args[1], o); err != nil {
			return err
		}
		fmt.Fprintf(out, "made bundle %s\n", args[1])
		return nil
	}
}

// parseTime reads a time in RFC 3339; zero if there is none.
func parseTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339, s)
}
