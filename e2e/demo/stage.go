//go:build factory

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/sotabox/sotabox/factory"
	"github.com/sotabox/sotabox/factory/cli"
	"github.com/sotabox/sotabox/factory/gateway"
)

// stage is where the demo plays: it runs commands, shows them and stops at the
// first that does not do what was announced.
type stage struct {
	ctx     context.Context
	out     io.Writer
	bin     string
	dir     string // the demo's world
	files   int
	begun   time.Time
	gateway *gateway.Server
	device  *factory.Device
}

func newStage(ctx context.Context, out io.Writer, bin, dir string, files int) (*stage, error) {
	s := &stage{ctx: ctx, out: out, bin: bin, dir: dir, files: files, begun: time.Now()}
	if _, err := os.Stat(filepath.Join(bin, "aktualizr-lite")); err != nil {
		return nil, fmt.Errorf("there is no aktualizr-lite in %s; build it with: make build", bin)
	}
	if err := prepare(dir); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *stage) path(name string) string { return filepath.Join(s.dir, name) }

// say starts a scene or a paragraph of it.
func (s *stage) say(format string, args ...any) {
	fmt.Fprintf(s.out, "\n# "+format+"\n", args...)
}

// show prints a command line as a person would type it, its output and its
// exit code.
func (s *stage) show(command string, output []byte, code int, took time.Duration) {
	fmt.Fprintf(s.out, "\n$ %s\n", command)
	for line := range bytes.Lines(output) {
		fmt.Fprintf(s.out, "  %s\n", bytes.TrimRight(line, "\r\n"))
	}
	fmt.Fprintf(s.out, "  => exit code %d, %.1f s\n", code, took.Seconds())
}

// lite runs aktualizr-lite on the device and demands an exit code.
func (s *stage) lite(want int, args ...string) error {
	return s.liteWith(want, nil, args...)
}

// liteWith is lite with expectations about the output.
func (s *stage) liteWith(want int, contains []string, args ...string) error {
	cmd := exec.CommandContext(s.ctx, filepath.Join(s.bin, "aktualizr-lite"),
		append([]string{"--config", s.device.ConfigFile()}, args...)...)
	begun := time.Now()
	output, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return err
	}
	command := "aktualizr-lite --config $CONFIG " + strings.Join(args, " ")
	code := cmd.ProcessState.ExitCode()
	s.show(command, output, code, time.Since(begun))
	if code != want {
		return fmt.Errorf("%s: exit code %d, expected %d", command, code, want)
	}
	for _, text := range contains {
		if !bytes.Contains(output, []byte(text)) {
			return fmt.Errorf("%s: the output lacks %q", command, text)
		}
	}
	return nil
}

// factory runs a sotabox-factory command.
func (s *stage) factory(args ...string) error {
	var output bytes.Buffer
	begun := time.Now()
	code := cli.Run(s.ctx, args, &output, &output)
	command := "sotabox-factory " + strings.Join(args, " ")
	s.show(command, output.Bytes(), code, time.Since(begun))
	if code != 0 {
		return fmt.Errorf("%s: exit code %d, expected 0", command, code)
	}
	return nil
}

// serve starts the gateway. It runs inside the demo, on a free port; a person
// would use sotabox-factory serve.
func (s *stage) serve() error {
	f, err := factory.Open(s.path("factory"))
	if err != nil {
		return err
	}
	s.gateway, err = f.Serve("127.0.0.1:0", slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "\n$ sotabox-factory serve %s &\n  serving on %s\n", s.path("factory"), s.gateway.URL())
	return nil
}

// expect reports a check of the demo's own.
func (s *stage) expect(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	fmt.Fprintf(s.out, "  ok: %s\n", what)
	return nil
}

func (s *stage) close() error {
	if s.gateway == nil {
		return nil
	}
	return s.gateway.Close()
}

func (s *stage) tellHowToGoOn() {
	fmt.Fprintf(s.out, `
# All of this took %.0f s. The world is left as it is:
#   %[2]s/factory  keys/ pki/ tuf/ ostree/ reports/
#   %[2]s/device   sota/ (configuration, state) sysroot/ (deployments)
# Go on by hand:
  %[3]s/sotabox-factory serve %[2]s/factory &
  %[3]s/sotabox-factory publish %[2]s/factory --version 5
  %[3]s/aktualizr-lite --config %[2]s/device/sota/sota.toml update
  %[3]s/sotabox-factory reboot %[2]s/device
  %[3]s/aktualizr-lite --config %[2]s/device/sota/sota.toml run
`, time.Since(s.begun).Seconds(), s.dir, s.bin)
}
