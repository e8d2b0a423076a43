//go:build factory

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/sotabox/sotabox/e2e/crash/inject"
	"github.com/sotabox/sotabox/factory"
	"github.com/sotabox/sotabox/factory/gateway"
)

// world is what all scenarios share: a factory with some versions, its gateway,
// and the binary under test.
type world struct {
	dir     string
	agent   string // path of aktualizr-lite
	factory *factory.Factory
	gateway *gateway.Server
}

// The versions of the factory. The kernel changes from 1 to 2 and not from 2 to
// 3; brokenVersion has none and cannot be installed.
const (
	goodVersions  = 3
	brokenVersion = 4
)

// files is how many ordinary files a version has: few, so that a run is short.
const files = 12

func newWorld(ctx context.Context, dir, agent string) (*world, error) {
	if _, err := os.Stat(agent); err != nil {
		return nil, fmt.Errorf("the program under test is missing; build it with: make build (%w)", err)
	}
	settings := factory.Defaults()
	settings.Listen, settings.Files = "127.0.0.1:0", files
	f, err := factory.New(filepath.Join(dir, "factory"), settings)
	if err != nil {
		return nil, err
	}
	for n := 1; n <= brokenVersion; n++ {
		version := factory.Version{Number: n, NoKernel: n == brokenVersion}
		if _, err := f.Publish(ctx, version); err != nil {
			return nil, err
		}
	}
	server, err := f.Serve("", slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return nil, err
	}
	return &world{dir: dir, agent: agent, factory: f, gateway: server}, nil
}

func (w *world) close() error {
	return errors.Join(w.gateway.Close(), factory.Remove(w.dir))
}

// provision makes a device that runs version 1, and whose owner has changed its
// /etc.
func (w *world) provision(ctx context.Context, dir string) (*factory.Device, error) {
	d, err := w.factory.Provision(ctx, dir, factory.DeviceOptions{Unprivileged: os.Geteuid() != 0})
	if err != nil {
		return nil, err
	}
	deployment, err := d.Deployment()
	if err != nil {
		return nil, err
	}
	etc := filepath.Join(deployment, "etc")
	return d, errors.Join(
		os.WriteFile(filepath.Join(etc, "hostname"), []byte("kitchen\n"), 0o644),
		os.WriteFile(filepath.Join(etc, "site.conf"), []byte("floor=2\n"), 0o600),
		os.Remove(filepath.Join(etc, "ntp.conf")))
}

// command is a command of the agent on a device.
func (w *world) command(d *factory.Device, args ...string) inject.Command {
	return inject.Command{
		Path: w.agent,
		Args: append([]string{"--config", d.ConfigFile()}, args...),
		Env:  []string{"PATH=" + os.Getenv("PATH"), "HOME=/"},
	}
}

// run runs a command of the agent to its end and demands one of some exit codes.
func (w *world) run(d *factory.Device, codes []int, args ...string) error {
	r, err := inject.Run(w.command(d, args...), 0)
	if err != nil {
		return err
	}
	return demand(r, codes, args)
}
