//go:build factory

package cli

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/sotabox/sotabox/factory"
	"github.com/sotabox/sotabox/factory/gateway"
)

func makeDevice(flags *flag.FlagSet) work {
	o := factory.DeviceOptions{Unprivileged: os.Geteuid() != 0}
	flags.StringVar(&o.UUID, "uuid", "", "the device's `UUID` (default a new one)")
	flags.StringVar(&o.Version, "version", "1", "the `TARGET` it runs, by name or version")
	flags.StringVar(&o.Tags, "tags", "", "comma separated `TAGS` it follows (default the factory's)")
	flags.BoolVar(&o.Production, "production", false, "make it a production device")
	flags.BoolVar(&o.ProvisionRoot, "provision-root", false, "give it the root of trust; without, it trusts what it meets first")
	flags.BoolVar(&o.Unprivileged, "bare-user-only", o.Unprivileged, "give it a repository that needs no privilege")
	return func(ctx context.Context, args []string, out io.Writer) error {
		f, err := factory.Open(args[0])
		if err != nil {
			return err
		}
		d, err := f.Provision(ctx, args[1], o)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "made a device; use it with: aktualizr-lite --config %s\n", d.ConfigFile())
		return nil
	}
}

func configure(flags *flag.FlagSet) work {
	tags := flags.String("tags", "", "comma separated `TAGS` it follows (default the factory's)")
	return func(_ context.Context, args []string, out io.Writer) error {
		f, err := factory.Open(args[0])
		if err != nil {
			return err
		}
		d, err := factory.OpenDevice(args[1])
		if err != nil {
			return err
		}
		if err := f.WriteConfig(d, *tags); err != nil {
			return err
		}
		fmt.Fprintf(out, "the device uses https://%s\n", f.Listen)
		return nil
	}
}

func serve(flags *flag.FlagSet) work {
	listen := flags.String("listen", "", "`ADDRESS`; another one than before is remembered, and devices must be told (default where it listened last)")
	return func(ctx context.Context, args []string, out io.Writer) error {
		f, err := factory.Open(args[0])
		if err != nil {
			return err
		}
		server, err := f.Serve(*listen, slog.New(slog.DiscardHandler), func(r gateway.Request) {
			fmt.Fprintf(out, "%s %s %d\n", r.Method, r.Path, r.Status)
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "serving %s on %s\n", f.Dir(), server.URL())
		return server.Wait(ctx)
	}
}

func reboot(*flag.FlagSet) work {
	return func(_ context.Context, args []string, out io.Writer) error {
		d, err := factory.OpenDevice(args[0])
		if err != nil {
			return err
		}
		wanted, err := d.Reboot()
		if err != nil {
			return err
		}
		if wanted {
			fmt.Fprintln(out, "rebooted; finish the update with: aktualizr-lite run")
		} else {
			fmt.Fprintln(out, "rebooted; nothing had asked for it")
		}
		return nil
	}
}

func fallBack(*flag.FlagSet) work {
	return func(ctx context.Context, args []string, out io.Writer) error {
		d, err := factory.OpenDevice(args[0])
		if err != nil {
			return err
		}
		if err := d.FallBack(ctx); err != nil {
			return err
		}
		fmt.Fprintln(out, "rebooted into the previous deployment")
		return nil
	}
}

func remove(*flag.FlagSet) work {
	return func(_ context.Context, args []string, _ io.Writer) error {
		if _, err := os.Lstat(args[0]); err != nil {
			return err
		}
		return factory.Remove(args[0])
	}
}
