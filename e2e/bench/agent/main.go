//go:build factory

// Command bench-agent does what the device binary does, one piece at a time: a
// pull, a local pull, a deployment. It is built as the device binary is.
//
//	bench-agent pull REPO URL COMMIT
//	bench-agent pull-local REPO FROM COMMIT
//	bench-agent deploy SYSROOT STATEROOT COMMIT
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/sotabox/sotabox/internal/memory"
	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/pull"
	"github.com/sotabox/sotabox/ostreelite/repo"
	"github.com/sotabox/sotabox/ostreelite/sysroot"
)

func main() {
	memory.Limit()
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench-agent:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 4 {
		return errors.New("usage: bench-agent pull|pull-local|deploy WHERE WHAT COMMIT")
	}
	commit, err := object.ParseChecksum(args[3])
	if err != nil {
		return err
	}
	if args[0] == "deploy" {
		return deploy(ctx, args[1], args[2], commit)
	}
	r, err := repo.Open(args[1])
	if err != nil {
		return err
	}
	defer r.Close()
	switch args[0] {
	case "pull":
		_, err = pull.Pull(ctx, r, pull.Options{Remotes: []pull.Remote{{URL: args[2]}}, Commit: commit})
		return err
	case "pull-local":
		src, err := repo.Open(args[2])
		if err != nil {
			return err
		}
		defer src.Close()
		_, err = pull.Local(ctx, r, src, pull.LocalOptions{Commit: commit})
		return err
	}
	return fmt.Errorf("unknown command %q", args[0])
}

func deploy(ctx context.Context, path, os string, commit object.Checksum) error {
	s, err := sysroot.Open(sysroot.Options{Path: path})
	if err != nil {
		return err
	}
	defer s.Close()
	_, err = s.Deploy(ctx, sysroot.Request{OS: os, Commit: commit})
	return err
}
