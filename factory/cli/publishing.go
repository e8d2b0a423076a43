//go:build factory

package cli

import (
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sotabox/sotabox/factory"
	"github.com/sotabox/sotabox/factory/keys"
	"github.com/sotabox/sotabox/factory/metadata"
)

func newFactory(flags *flag.FlagSet) work {
	s := factory.Defaults()
	flags.StringVar(&s.Name, "name", s.Name, "`NAME` of the factory")
	flags.StringVar(&s.HardwareID, "hardware-id", s.HardwareID, "hardware `ID` of its devices")
	flags.StringVar(&s.Tag, "tag", s.Tag, "`TAG` of what it publishes")
	flags.StringVar(&s.Listen, "listen", s.Listen, "`ADDRESS` of its gateway")
	flags.IntVar(&s.Files, "files", s.Files, "ordinary files in a generated tree: `COUNT`")
	flags.BoolVar(&s.Canonical, "canonical", s.Canonical, "only content that a bare-user-only repository can hold")
	dialect := flags.String("dialect", string(s.Dialect), "TUF `DIALECT`: factory or standard")
	keyType := flags.String("key-type", "ed25519", "`TYPE` of the signing keys: ed25519 or rsa")
	return func(_ context.Context, args []string, out io.Writer) (err error) {
		s.Dialect = factory.Dialect(*dialect)
		if s.KeyType, err = keys.ParseType(*keyType); err != nil {
			return err
		}
		f, err := factory.New(args[0], s)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "made factory %s in %s\n", f.Name, f.Dir())
		return nil
	}
}

func publish(flags *flag.FlagSet) work {
	var v factory.Version
	flags.IntVar(&v.Number, "version", 0, "the version's `NUMBER`, from 1")
	flags.StringVar(&v.Tree, "tree", "", "commit `DIR` instead of a generated tree")
	flags.BoolVar(&v.NoKernel, "no-kernel", false, "leave the kernel out: the version cannot be installed")
	flags.StringVar(&v.Tag, "tag", "", "`TAG` instead of the factory's")
	flags.StringVar(&v.HardwareID, "hardware-id", "", "hardware `ID` instead of the factory's")
	flags.StringVar(&v.Name, "name", "", "target `NAME` instead of <hardware id>-lmp-<version>")
	unsigned := flags.String("unsigned", "", "sign nothing but write the targets to `FILE`, for people to sign")
	commit := flags.String("commit", "", "name this `COMMIT`, a checksum or a ref, and commit nothing")
	var from []string
	flags.Func("delta-from", "also make a static delta from `VERSION`: a target's name or version, a commit, or scratch; may be repeated", func(text string) error {
		from = append(from, text)
		return nil
	})
	return func(ctx context.Context, args []string, out io.Writer) error {
		f, err := factory.Open(args[0])
		if err != nil {
			return err
		}
		if v.DeltaFrom, err = f.DeltaSources(from); err != nil {
			return err
		}
		if *commit != "" {
			if v.Commit, err = f.ResolveCommit(*commit); err != nil {
				return err
			}
		}
		if *unsigned != "" {
			p, document, err := f.ProposeVersion(ctx, v)
			if err == nil {
				fmt.Fprintf(out, "committed %s, commit %s\n", p.Name, p.Commit)
			}
			return propose(out, *unsigned, document, err)
		}
		p, err := f.Publish(ctx, v)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "published %s, commit %s\n", p.Name, p.Commit)
		return nil
	}
}

func withdraw(*flag.FlagSet) work {
	return func(_ context.Context, args []string, out io.Writer) error {
		f, err := factory.Open(args[0])
		if err != nil {
			return err
		}
		name, _, err := f.FindTarget(args[1])
		if err != nil {
			return err
		}
		if err := f.Metadata.RemoveTarget(name); err != nil {
			return err
		}
		fmt.Fprintf(out, "withdrew %s\n", name)
		return nil
	}
}

func listTargets(*flag.FlagSet) work {
	return func(_ context.Context, args []string, out io.Writer) error {
		f, err := factory.Open(args[0])
		if err != nil {
			return err
		}
		targets, err := f.Metadata.Targets()
		if err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(targets)) {
			t := targets[name]
			fmt.Fprintf(out, "%s\tversion %s\ttags %s\tcommit %s\n", name, t.Custom.Version, strings.Join(t.Custom.Tags, ","), t.Hashes["sha256"])
		}
		return nil
	}
}

func rotateRoot(flags *flag.FlagSet) work {
	roles := flags.String("roles", "root", "comma separated `ROLES` that get new keys: root, targets, snapshot, timestamp")
	keyType := flags.String("key-type", "ed25519", "`TYPE` of the new keys: ed25519 or rsa")
	change := metadata.RoleChange{}
	flags.IntVar(&change.Keys, "keys", 1, "how many keys each of the roles gets: `COUNT`")
	flags.IntVar(&change.Threshold, "threshold", 1, "how many of them must sign: `COUNT`")
	return func(_ context.Context, args []string, out io.Writer) (err error) {
		if change.Type, err = keys.ParseType(*keyType); err != nil {
			return err
		}
		f, err := factory.Open(args[0])
		if err != nil {
			return err
		}
		changes := map[metadata.Role]metadata.RoleChange{}
		for role := range strings.SplitSeq(*roles, ",") {
			changes[metadata.Role(strings.TrimSpace(role))] = change
		}
		if err := f.Metadata.ChangeRoot(metadata.RootChange{Roles: changes}); err != nil {
			return err
		}
		version, err := f.Metadata.RootVersion()
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "published root version %d\n", version)
		return nil
	}
}

func expire(flags *flag.FlagSet) work {
	role := flags.String("role", "timestamp", "the `ROLE`: root, targets, snapshot or timestamp")
	at := flags.String("at", "", "expire at `TIME`, RFC 3339 (default an hour ago)")
	return func(_ context.Context, args []string, out io.Writer) error {
		when, err := parseTime(*at)
		if err != nil {
			return err
		}
		if when.IsZero() {
			when = time.Now().Add(-time.Hour)
		}
		f, err := factory.Open(args[0])
		if err != nil {
			return err
		}
		if err := f.Metadata.SetExpiry(metadata.Role(*role), when); err != nil {
			return err
		}
		fmt.Fprintf(out, "published %s that expires at %s\n", *role, when.UTC().Format(time.RFC3339))
		return nil
	}
}
