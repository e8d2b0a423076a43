//go:build factory

package factory

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/sotabox/sotabox/ostreelite/sysroot"
)

// StateRoot is the OSTree stateroot of scratch devices.
const StateRoot = "lmp"

// Device is a device in a directory: everything that is absolute on a real one
// is redirected into it by its configuration, so that it needs no privilege
// and disturbs nothing.
//
//	sysroot/   the OSTree system root, "staged": nothing ever boots from it
//	sota/      storage.path: sota.toml, certificates, what the agent remembers
//	run/       the reboot sentinel and the lock
type Device struct{ dir string }

// OpenDevice opens a device that Provision made.
func OpenDevice(dir string) (*Device, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	d := &Device{dir: dir}
	if _, err := os.Stat(d.ConfigFile()); err != nil {
		return nil, fmt.Errorf("open device: %w", err)
	}
	return d, nil
}

// ConfigFile is what the agent is given with --config.
func (d *Device) ConfigFile() string { return d.path("sota/sota.toml") }

// Sysroot is the path of the system root.
func (d *Device) Sysroot() string { return d.path("sysroot") }

// Storage is the path of the agent's directory.
func (d *Device) Storage() string { return d.path("sota") }

// Reboot does what the agent can see of a reboot: the sentinel, which is on a
// tmpfs on a real device, is gone. It reports whether a reboot was wanted.
func (d *Device) Reboot() (wanted bool, err error) {
	err = os.Remove(d.path("run/need_reboot"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// FallBack does what a boot loader that counts boots does with a system that
// does not come up: it boots the previous deployment.
func (d *Device) FallBack(ctx context.Context) error {
	s, err := d.open()
	if err != nil {
		return err
	}
	defer s.Close()
	deployments := s.Deployments()
	if len(deployments) < 2 {
		return errors.New("fall back: there is no previous deployment")
	}
	if err := s.SetDefault(ctx, deployments[1]); err != nil {
		return fmt.Errorf("fall back: %w", err)
	}
	_, err = d.Reboot()
	return err
}

// Deployment is the path of the deployment that boots next.
func (d *Device) Deployment() (string, error) {
	s, err := d.open()
	if err != nil {
		return "", err
	}
	defer s.Close()
	deployments := s.Deployments()
	if len(deployments) == 0 {
		return "", fmt.Errorf("%s: %w", d.Sysroot(), sysroot.ErrNoDeployment)
	}
	return filepath.Join(d.Sysroot(), deployments[0].Path()), nil
}

func (d *Device) open() (*sysroot.Sysroot, error) {
	return sysroot.Open(sysroot.Options{Path: d.Sysroot(), Log: slog.New(slog.DiscardHandler), Now: time.Now})
}

func (d *Device) path(name string) string { return filepath.Join(d.dir, name) }
