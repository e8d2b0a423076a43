//go:build factory

package tuf

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Stepwise runs the workflow of Client.Refresh over another kind of store, as the public conformance suite wants it: a
// directory with one unversioned file per role, each replaced as soon as its document is verified, whatever becomes of
// those after it. No device uses it, for there a set is stored whole or not at all. Only the standard dialect is supported.
type Stepwise struct {
	// Source is where metadata comes from.
	Source Source
	// Dir is the store. Its root.json is what is trusted at first.
	Dir string
	// Now is the time that expiry is judged by.
	Now time.Time
	// Log gets what is worth knowing.
	Log *slog.Logger

	run *refresh
}

// Refresh is Client.Refresh.
func (s *Stepwise) Refresh(ctx context.Context) error {
	stored := &set{}
	for _, f := range stored.files() {
		data, err := s.load(f.name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		*f.data = data
	}
	if stored.root == nil {
		return fmt.Errorf("%w: %s has no root.json", ErrNoMetadata, s.Dir)
	}
	r := &refresh{
		Config: Config{Source: s.Source, Dir: s.Dir, Log: s.Log},
		ctx:    ctx, now: s.Now, stored: stored, next: &set{}, keep: s.keep,
	}
	if err := r.run(); err != nil {
		return err
	}
	if _, ok := r.dialect.(*standardDialect); !ok {
		return errors.New("tuf: the repository is not of the standard dialect")
	}
	s.run = r
	return nil
}

// ConsistentSnapshot tells whether names of target files have a hash in front, after a Refresh.
func (s *Stepwise) ConsistentSnapshot() bool { return s.trusted().Root.Signed.ConsistentSnapshot }

// TargetFile is what metadata says about a target file.
type TargetFile = metadata.TargetFiles

func (s *Stepwise) load(name string) ([]byte, error) {
	return os.ReadFile(filepath.Join(s.Dir, name))
}

func (s *Stepwise) keep(role string, data []byte) error {
	name := filepath.Join(s.Dir, roleFileName(role))
	if err := os.WriteFile(name+".new", data, 0o644); err != nil {
		return fmt.Errorf("%w: %w", ErrStorage, err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		return fmt.Errorf("%w: %w", ErrStorage, err)
	}
	return nil
}
