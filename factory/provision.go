//go:build factory

package factory

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/sotabox/sotabox/factory/metadata"
	"github.com/sotabox/sotabox/factory/pki"
	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/pull"
	"github.com/sotabox/sotabox/ostreelite/repo"
	"github.com/sotabox/sotabox/ostreelite/sysroot"
)

// DeviceOptions say what a device is when it leaves the factory.
type DeviceOptions struct {
	UUID       string    // empty: a new one
	Version    string    // name or number of the target it runs; empty: 1
	Tags       string    // pacman.tags; empty: the factory's tag
	Production bool      // says its certificate
	NotAfter   time.Time // of its certificate; zero: in ten years
	// ProvisionRoot puts root versions 1 and 2 where a device expects its
	// provisioned root of trust; without it trusts what it meets first.
	ProvisionRoot bool
	// Unprivileged gives it a bare-user-only repository.
	Unprivileged bool
}

// Provision makes a device in dir, which must be empty or absent.
func (f *Factory) Provision(ctx context.Context, dir string, o DeviceOptions) (*Device, error) {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return nil, fmt.Errorf("make device in %s: %w", dir, ErrExists)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	d := &Device{dir: dir}
	for _, name := range []string{"sota", "run", "import"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			return nil, fmt.Errorf("make device: %w", err)
		}
	}
	name, target, err := f.FindTarget(o.Version)
	if err != nil {
		return nil, fmt.Errorf("make device: %w", err)
	}
	for _, step := range []func() error{
		func() error { return f.installSystem(ctx, d, target, o.Unprivileged) },
		func() error { return f.installIdentity(d, o) },
		func() error { return d.installFirstTarget(name, target) },
		func() error { return f.installRoots(d, o) },
		func() error { return f.WriteConfig(d, o.Tags) },
	} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("make device in %s: %w", dir, err)
		}
	}
	return d, nil
}

// FindTarget finds a published target by name or version; empty means version 1.
func (f *Factory) FindTarget(want string) (string, metadata.Target, error) {
	if want == "" {
		want = "1"
	}
	targets, err := f.Metadata.Targets()
	if err != nil {
		return "", metadata.Target{}, err
	}
	for name, target := range targets {
		if name == want || target.Custom.Version == want {
			return name, target, nil
		}
	}
	return "", metadata.Target{}, fmt.Errorf("the factory has published no target %s; see: sotabox-factory publish", want)
}

// installSystem brings the target's commit onto the device and deploys it.
func (f *Factory) installSystem(ctx context.Context, d *Device, target metadata.Target, unprivileged bool) error {
	commit, err := object.ParseChecksum(target.Hashes["sha256"])
	if err != nil {
		return err
	}
	if err := d.initSysroot(unprivileged); err != nil {
		return err
	}
	s, err := d.open()
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.InitOS(StateRoot); err != nil {
		return err
	}
	published, err := repo.Open(f.OSTree())
	if err != nil {
		return err
	}
	defer published.Close()
	if _, err := pull.Local(ctx, s.Repo(), published, pull.LocalOptions{Commit: commit}); err != nil {
		return err
	}
	_, err = s.Deploy(ctx, sysroot.Request{
		OS: StateRoot, Commit: commit, Refspec: f.HardwareID, KernelArgs: []string{"rw", "quiet"},
	})
	return err
}

func (d *Device) initSysroot(unprivileged bool) error {
	if err := os.MkdirAll(d.Sysroot(), 0o755); err != nil {
		return err
	}
	mode := repo.Bare
	if unprivileged {
		mode = repo.BareUserOnly
	}
	return sysroot.Init(d.Sysroot(), mode)
}

func (f *Factory) installIdentity(d *Device, o DeviceOptions) error {
	if o.UUID == "" {
		o.UUID = newUUID()
	}
	pair, err := f.ca.IssueDevice(pki.Device{
		UUID: o.UUID, Factory: f.Name, Production: o.Production, NotAfter: o.NotAfter,
	})
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(d.path("sota/root.crt"), f.ca.Certificate(), 0o644),
		os.WriteFile(d.path("sota/client.pem"), pair.Cert, 0o644),
		os.WriteFile(d.path("sota/pkey.pem"), pair.Key, 0o600))
}

// installFirstTarget says which target the device left the factory with, where
// aktualizr has always looked for it.
func (d *Device) installFirstTarget(name string, target metadata.Target) error {
	data, err := json.MarshalIndent(map[string]any{name: map[string]any{
		"is_current": true, "length": target.Length, "hashes": target.Hashes, "custom": target.Custom,
	}}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(d.path("import/installed_versions"), data, 0o644)
}

func (f *Factory) installRoots(d *Device, o DeviceOptions) error {
	if !o.ProvisionRoot {
		return nil
	}
	kind := "ci"
	if o.Production {
		kind = "prod"
	}
	dir := d.path(filepath.Join("tuf", kind))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"1.root.json", "2.root.json"} {
		data, err := os.ReadFile(filepath.Join(f.TUF(), name))
		if errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func newUUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
