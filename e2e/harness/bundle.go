//go:build factory

package harness

import (
	"context"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sotabox/sotabox/factory"
	"github.com/sotabox/sotabox/factory/keys"
	"github.com/sotabox/sotabox/factory/metadata"
	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/pull"
	"github.com/sotabox/sotabox/ostreelite/repo"
	"github.com/sotabox/sotabox/tuf"
)

// bundleCommand makes an offline bundle of what the factory has published.
func bundleCommand(ts *testscript.TestScript, args []string) {
	flags := flag.NewFlagSet("bundle", flag.ContinueOnError)
	kind := flags.String("type", "ci", "ci or prod")
	tag := flags.String("tag", "main", "")
	expired := flags.Bool("expired", false, "bundle-targets.json is expired")
	roots := flags.Int64("roots-from", 1, "the first root that is in it")
	flags.SetOutput(io.Discard)
	ts.Check(flags.Parse(args))
	if flags.NArg() < 2 {
		ts.Fatalf("usage: bundle [flags] DIR TARGET ...")
	}
	f, dir := worldOf(ts).factory(ts), ts.MkAbs(flags.Arg(0))
	ts.Check(os.RemoveAll(dir))
	ts.Check(os.MkdirAll(filepath.Join(dir, "tuf"), 0o755))
	signers := copyMetadata(ts, f.TUF(), filepath.Join(dir, "tuf"), *roots)
	content, err := repo.Create(filepath.Join(dir, "ostree_repo"), repo.Archive)
	ts.Check(err)
	defer content.Close()
	published, err := repo.Open(f.OSTree())
	ts.Check(err)
	defer published.Close()
	var names []string
	for _, want := range flags.Args()[1:] {
		name, target, err := f.FindTarget(want)
		ts.Check(err)
		names = append(names, name)
		commit, err := object.ParseChecksum(target.Hashes["sha256"])
		ts.Check(err)
		_, err = pull.Local(context.Background(), content, published, pull.LocalOptions{Commit: commit})
		ts.Check(err)
	}
	expires := time.Now().Add(time.Hour)
	if *expired {
		expires = time.Now().Add(-time.Hour)
	}
	signBundle(ts, f, dir, signers, map[string]any{
		"_type": "Targets", "version": 1, "expires": expires.UTC().Format(tuf.TimeFormat),
		"x-fio-offline-bundle": map[string]any{"type": *kind, "tag": *tag, "targets": names},
	})
}

// copyMetadata copies the roots from a version on, and the other documents, and
// returns the keys that sign for the targets role.
func copyMetadata(ts *testscript.TestScript, from, to string, first int64) []string {
	for _, role := range []string{"timestamp", "snapshot", "targets"} {
		copyFile(ts, filepath.Join(from, role+".json"), filepath.Join(to, role+".json"))
	}
	var root struct {
		Signed struct {
			Roles map[metadata.Role]metadata.RoleKeys `json:"roles"`
		} `json:"signed"`
	}
	for version := int64(1); ; version++ {
		name := strconv.FormatInt(version, 10) + ".root.json"
		data, err := os.ReadFile(filepath.Join(from, name))
		if os.IsNotExist(err) {
			return root.Signed.Roles[metadata.Targets].KeyIDs
		}
		ts.Check(err)
		ts.Check(json.Unmarshal(data, &root))
		if version >= first {
			ts.Check(os.WriteFile(filepath.Join(to, name), data, 0o644))
		}
	}
}

func copyFile(ts *testscript.TestScript, from, to string) {
	data, err := os.ReadFile(from)
	ts.Check(err)
	ts.Check(os.WriteFile(to, data, 0o644))
}

func signBundle(ts *testscript.TestScript, f *factory.Factory, dir string, signers []string, signed any) {
	raw, err := json.Marshal(signed)
	ts.Check(err)
	message, err := tuf.Canonical(raw)
	ts.Check(err)
	ring, err := keys.OpenRing(filepath.Join(f.Dir(), "keys"))
	ts.Check(err)
	document := tuf.Envelope{Signed: raw}
	for _, id := range signers {
		key, ok := ring.Key(id)
		if !ok {
			ts.Fatalf("the factory has no key %s", id)
		}
		method, sig, err := key.Sign(message)
		ts.Check(err)
		document.Signatures = append(document.Signatures, tuf.Signature{KeyID: id, Method: method, Sig: sig})
	}
	data, err := json.Marshal(document)
	ts.Check(err)
	ts.Check(os.WriteFile(filepath.Join(dir, "tuf", "bundle-targets.json"), data, 0o644))
}

// packCommand packs a bundle as a person would, with tar; the name says how.
func packCommand(ts *testscript.TestScript, args []string) {
	dir, file := args[0], ts.MkAbs(args[1])
	options := []string{"-C", ts.MkAbs(dir), "-cf", file}
	switch {
	case strings.HasSuffix(file, ".gz"):
		options = append([]string{"--gzip"}, options...)
	case strings.HasSuffix(file, ".zst"):
		options = append([]string{"--zstd"}, options...)
	}
	for _, part := range []string{"tuf", "ostree_repo", "apps"} {
		if _, err := os.Stat(filepath.Join(ts.MkAbs(dir), part)); err == nil {
			options = append(options, part)
		}
	}
	ts.Check(ts.Exec("tar", options...))
}

// damageCommand copies a file and cuts the last fifth off, or turns over a bit in
// the middle.
func damageCommand(ts *testscript.TestScript, args []string) {
	data, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	switch args[2] {
	case "cut":
		data = data[:len(data)*4/5]
	case "flip":
		data[len(data)/2] ^= 0x10
	default:
		ts.Fatalf("damage is cut or flip, not %s", args[2])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), data, 0o644))
}
