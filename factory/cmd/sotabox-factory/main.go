//go:build factory

// Command sotabox-factory is the other end of the line from aktualizr-lite; see
// sotabox-factory help.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/sotabox/sotabox/factory/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
