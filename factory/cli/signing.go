//go:build factory

package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/sotabox/sotabox/factory"
	"github.com/sotabox/sotabox/factory/keys"
	"github.com/sotabox/sotabox/factory/metadata"
)

func signKey(flags *flag.FlagSet) work {
	keyType := flags.String("key-type", "ed25519", "`TYPE` of the key: ed25519 or rsa")
	return func(_ context.Context, args []string, out io.Writer) error {
		t, err := keys.ParseType(*keyType)
		if err != nil {
			return err
		}
		key, err := keys.Generate(t)
		if err != nil {
			return err
		}
		public := args[0] + ".pub"
		if err := key.Save(args[0]); err != nil {
			return err
		}
		if err := key.SavePublic(public); err != nil {
			return err
		}
		fmt.Fprintf(out, "made key %s; keep %s to yourself and hand out %s\n", key.ID(), args[0], public)
		return nil
	}
}

func signRoot(flags *flag.FlagSet) work {
	var p metadata.RootProposal
	role := flags.String("role", "root", "the `ROLE` that the keys are for: root or targets")
	public := flags.String("keys", "", "comma separated `FILES` with the public keys of the people who will sign for it")
	flags.IntVar(&p.Threshold, "threshold", 1, "how many of them must sign: `COUNT`")
	flags.StringVar(&p.Changelog, "changelog", "", "a `TEXT` that is signed along")
	expires := flags.String("expires", "", "`TIME` at which it expires, RFC 3339 (default in ten years)")
	return func(_ context.Context, args []string, out io.Writer) (err error) {
		p.Role = metadata.Role(*role)
		if p.Expires, err = parseTime(*expires); err != nil {
			return err
		}
		for file := range strings.SplitSeq(*public, ",") {
			key, err := keys.LoadPublic(file)
			if err != nil {
				return err
			}
			p.Keys = append(p.Keys, key)
		}
		f, err := factory.Open(args[0])
		if err != nil {
			return err
		}
		document, err := f.ProposeRoot(p)
		return propose(out, args[1], document, err)
	}
}

func signTargets(flags *flag.FlagSet) work {
	expires := flags.String("expires", "", "`TIME` at which they expire, RFC 3339 (default in a year)")
	withdraw := flags.String("withdraw", "", "comma separated `TARGETS` to leave out, by name or version")
	return func(_ context.Context, args []string, out io.Writer) error {
		at, err := parseTime(*expires)
		if err != nil {
			return err
		}
		f, err := factory.Open(args[0])
		if err != nil {
			return err
		}
		var gone []string
		if *withdraw != "" {
			gone = strings.Split(*withdraw, ",")
		}
		document, err := f.ProposeTargets(gone, at)
		return propose(out, args[1], document, err)
	}
}

// propose writes a document that waits for signatures. A file that is there is left alone: others may have signed it.
func propose(out io.Writer, name string, document []byte, err error) error {
	if err != nil {
		return err
	}
	status, err := metadata.Describe(document)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(document)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	fmt.Fprintf(out, "wrote %s to %s; sign it with: sotabox-factory sign %s KEY\n", status, name, name)
	return nil
}

func sign(*flag.FlagSet) work {
	return func(_ context.Context, args []string, out io.Writer) error {
		document, err := os.ReadFile(args[0])
		if err != nil {
			return err
		}
		status, err := metadata.Describe(document)
		if err != nil {
			return err
		}
		printDetails(out, status)
		key, err := keys.Load(args[1])
		if err != nil {
			return err
		}
		if document, err = metadata.Sign(document, key); err != nil {
			return err
		}
		if err := replaceFile(args[0], document); err != nil {
			return err
		}
		fmt.Fprintf(out, "signed %s with key %s\n", status, key.ID())
		return nil
	}
}

func printDetails(out io.Writer, status metadata.Status) {
	for _, line := range status.Details {
		fmt.Fprintf(out, "  %s\n", line)
	}
}

func signStatus(*flag.FlagSet) work {
	return func(_ context.Context, args []string, out io.Writer) error {
		f, err := factory.Open(args[0])
		if err != nil {
			return err
		}
		document, err := os.ReadFile(args[1])
		if err != nil {
			return err
		}
		status, err := f.Check(document)
		if err != nil {
			return err
		}
		fmt.Fprintln(out, status)
		printDetails(out, status)
		for _, need := range status.Needs {
			fmt.Fprintf(out, "%d of %d needed: %s\n", len(need.Signed), need.Threshold, need.By)
			for _, id := range need.Signed {
				fmt.Fprintf(out, "  signed   %s\n", id)
			}
			for _, id := range need.Unsigned {
				fmt.Fprintf(out, "  missing  %s\n", id)
			}
		}
		return nil
	}
}

func signPublish(*flag.FlagSet) work {
	return func(_ context.Context, args []string, out io.Writer) error {
		f, err := factory.Open(args[0])
		if err != nil {
			return err
		}
		var documents [][]byte
		for _, name := range args[1:] {
			document, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			documents = append(documents, document)
		}
		if err := f.Accept(documents...); err != nil {
			return err
		}
		for _, document := range documents {
			status, err := metadata.Describe(document)
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "published %s\n", status)
		}
		return nil
	}
}

func replaceFile(name string, data []byte) error {
	if err := os.WriteFile(name+".new", data, 0o644); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}
