//go:build factory

// Command conformance is the client that the public TUF conformance suite
// (github.com/theupdateframework/tuf-conformance) tests: the workflow of package
// tuf, in the standard dialect, behind the command line of the suite's
// CLIENT-CLI.md. It is a test program and no part of a device.
//
// With a checkout of the suite, its Python dependencies and faketime:
//
//	make conformance-client
//	pytest tuf_conformance --entrypoint $PWD/build/tuf-conformance-client
//
// All of its tests pass; none is expected to fail.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "tuf-conformance-client:", err)
		os.Exit(1)
	}
}

// options are the flags of the suite's command line.
type options struct {
	metadataDir, metadataURL   string
	targetDir, targetURL       string
	targets                    []string
	command, initialRoot, date string
}

func run(ctx context.Context, args []string, logTo io.Writer) error {
	o, err := parse(args, logTo)
	if err != nil {
		return err
	}
	if o.command == "init" {
		return initialise(o)
	}
	c, err := newClient(ctx, o, slog.New(slog.NewTextHandler(logTo, nil)))
	if err != nil {
		return err
	}
	if err := c.metadata.Refresh(ctx); err != nil {
		return err
	}
	if o.command == "refresh" {
		return nil
	}
	for _, name := range o.targets {
		if err := c.download(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

func parse(args []string, usage io.Writer) (*options, error) {
	var o options
	f := flag.NewFlagSet("tuf-conformance-client", flag.ContinueOnError)
	f.SetOutput(usage)
	f.StringVar(&o.metadataDir, "metadata-dir", "", "directory of the trusted metadata, one unversioned file per role")
	f.StringVar(&o.metadataURL, "metadata-url", "", "base URL of the repository's metadata")
	f.StringVar(&o.targetDir, "target-dir", "", "directory that artifacts are put into")
	f.StringVar(&o.targetURL, "target-base-url", "", "base URL of the repository's artifacts")
	f.StringVar(&o.date, "date", "date", "program that prints the time with +%s; it heeds faketime, a Go program does not")
	f.Func("target-name", "artifact to download; may be repeated", func(s string) error { o.targets = append(o.targets, s); return nil })
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	o.command, o.initialRoot = f.Arg(0), f.Arg(1)
	want := map[string]struct {
		args  int
		needs []string
	}{
		"init":     {2, []string{o.metadataDir}},
		"refresh":  {1, []string{o.metadataDir, o.metadataURL}},
		"download": {1, []string{o.metadataDir, o.metadataURL, o.targetDir, o.targetURL}},
	}
	w, ok := want[o.command]
	if !ok || f.NArg() != w.args {
		return nil, errors.New("use: [flags] init ROOT | refresh | download")
	}
	for _, value := range w.needs {
		if value == "" {
			return nil, fmt.Errorf("%s: a flag is missing", o.command)
		}
	}
	return &o, nil
}

// initialise puts the root in place. That it is good is found out by the first refresh, which starts from it.
func initialise(o *options) error {
	data, err := os.ReadFile(o.initialRoot)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(o.metadataDir, "root.json"), data, 0o644)
}
