//go:build factory

package factory

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/sotabox/sotabox/factory/gateway"
	"github.com/sotabox/sotabox/factory/keys"
	"github.com/sotabox/sotabox/factory/metadata"
	"github.com/sotabox/sotabox/factory/pki"
	"github.com/sotabox/sotabox/factory/standard"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// Settings are what a factory is, besides its content.
type Settings struct {
	Name       string  `json:"name"`
	HardwareID string  `json:"hardware_id"`
	Tag        string  `json:"tag"`
	Dialect    Dialect `json:"dialect"`
	Listen     string  `json:"listen"` // address of the gateway; devices are told it
	// Files is how many ordinary files a generated root file system has.
	Files int `json:"files"`
	// Canonical content fits a bare-user-only repository, the only kind an
	// ordinary user can have whole: no set-id bits, no xattrs, owner root.
	Canonical bool      `json:"canonical"`
	KeyType   keys.Type `json:"key_type"`
}

// Dialect is a flavour of TUF metadata.
type Dialect string

// The dialects devices meet.
const (
	FactoryDialect  Dialect = "factory"
	StandardDialect Dialect = "standard"
)

// ErrExists is returned by New where something is already.
var ErrExists = errors.New("directory is not empty")

// Metadata is a repository of TUF metadata of either dialect.
type Metadata interface {
	Targets() (map[string]metadata.Target, error)
	SetTarget(name string, target metadata.Target) error
	RemoveTarget(name string) error
	SetExpiry(role metadata.Role, t time.Time) error
	ChangeRoot(change metadata.RootChange) error
	RootVersion() (int64, error)
}

// Factory is an open factory.
type Factory struct {
	Settings
	Metadata Metadata

	dir string
	ca  *pki.CA
}

// Defaults are the settings of a factory that serves this machine's devices, for
// the user who runs it.
func Defaults() Settings {
	return Settings{
		Name:       "demo-factory",
		HardwareID: "demo-board",
		Tag:        "main",
		Dialect:    FactoryDialect,
		Listen:     "127.0.0.1:8443",
		Files:      3000,
		Canonical:  os.Geteuid() != 0,
		KeyType:    keys.ED25519,
	}
}

// New makes a factory with fresh keys and nothing published in dir, which must
// be empty or absent.
func New(dir string, s Settings) (*Factory, error) {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return nil, fmt.Errorf("make factory in %s: %w", dir, ErrExists)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make factory: %w", err)
	}
	f := &Factory{Settings: s, dir: dir}
	if f.ca, err = pki.Create(f.path("pki"), s.Name); err != nil {
		return nil, err
	}
	switch s.Dialect {
	case FactoryDialect:
		f.Metadata, err = metadata.Create(f.path("tuf"), f.path("keys"), s.KeyType, time.Now)
	case StandardDialect:
		f.Metadata, err = standard.Create(f.path("tuf"), f.path("keys"), s.KeyType, time.Now)
	default:
		err = fmt.Errorf("make factory: dialect %q is neither factory nor standard", s.Dialect)
	}
	if err != nil {
		return nil, err
	}
	archive, err := repo.Create(f.path("ostree"), repo.Archive)
	if err != nil {
		return nil, err
	}
	return f, errors.Join(archive.Close(), f.saveSettings())
}

// Open opens a factory that New made.
func Open(dir string) (*Factory, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	f := &Factory{dir: dir}
	data, err := os.ReadFile(f.path("factory.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open factory: %s holds no factory.json; make one with: sotabox-factory new %s", dir, dir)
	}
	if err != nil {
		return nil, fmt.Errorf("open factory: %w", err)
	}
	if err := json.Unmarshal(data, &f.Settings); err != nil {
		return nil, fmt.Errorf("open factory: %s: %w", f.path("factory.json"), err)
	}
	if f.ca, err = pki.Open(f.path("pki")); err != nil {
		return nil, err
	}
	if f.Dialect == StandardDialect {
		f.Metadata, err = standard.Open(f.path("tuf"), f.path("keys"), time.Now)
	} else {
		f.Metadata, err = metadata.Open(f.path("tuf"), f.path("keys"), time.Now)
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Dir is where the factory is.
func (f *Factory) Dir() string { return f.dir }

// OSTree is the path of the published repository.
func (f *Factory) OSTree() string { return f.path("ostree") }

// TUF is the path of the published metadata.
func (f *Factory) TUF() string { return f.path("tuf") }

// Serve starts the gateway. An empty address means the one in Settings; another
// one is remembered, since devices made later must be told it.
func (f *Factory) Serve(address string, log *slog.Logger, onRequest func(gateway.Request)) (*gateway.Server, error) {
	tls, err := f.ca.ServerTLS()
	if err != nil {
		return nil, err
	}
	if address == "" {
		address = f.Listen
	}
	server, err := gateway.Start(address, gateway.Options{
		TUFDir: f.TUF(), OSTreeDir: f.OSTree(), ReportDir: f.path("reports"),
		Factory: f.Name, TLS: tls, Log: log, OnRequest: onRequest,
	})
	if err != nil {
		return nil, err
	}
	if f.Listen != server.Address() {
		f.Listen = server.Address()
		err = f.saveSettings()
	}
	return server, err
}

func (f *Factory) path(name string) string { return filepath.Join(f.dir, name) }

func (f *Factory) saveSettings() error {
	data, err := json.MarshalIndent(f.Settings, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(f.path("factory.json"), append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("save factory: %w", err)
	}
	return nil
}
