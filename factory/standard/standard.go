//go:build factory

// Package standard writes TUF metadata as the TUF specification 1.0 has it, with
// go-tuf. It is the counterpart of package metadata for repositories whose root
// of trust is a standard one; names of roles, targets and changes are shared.
package standard

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	tufspec "github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/sotabox/sotabox/factory/keys"
	"github.com/sotabox/sotabox/factory/metadata"
)

const ttl = 365 * 24 * time.Hour

// Repository is a directory of published documents, without consistent
// snapshots, and the keys that sign them.
type Repository struct {
	dir  string
	ring *keys.Ring
	now  func() time.Time
}

// Create makes the keys, root version 1 and an empty set of targets.
func Create(dir, keyDir string, keyType keys.Type, now func() time.Time) (*Repository, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("create metadata: %w", err)
	}
	ring, err := keys.OpenRing(keyDir)
	if err != nil {
		return nil, err
	}
	r := &Repository{dir: dir, ring: ring, now: now}
	root := tufspec.Root(now().Add(ttl))
	root.Signed.ConsistentSnapshot = false
	for _, role := range metadata.Roles() {
		change := metadata.RoleChange{Keys: 1, Threshold: 1, Type: keyType}
		if err := r.replaceKeys(root, role, change); err != nil {
			return nil, err
		}
	}
	if err := r.writeRoot(root, root); err != nil {
		return nil, err
	}
	targets := tufspec.Targets(now().Add(ttl))
	targets.Signed.Version = 0
	if err := r.publishTargets(targets, time.Time{}); err != nil {
		return nil, err
	}
	return r, nil
}

// Open reads a repository that Create made.
func Open(dir, keyDir string, now func() time.Time) (*Repository, error) {
	ring, err := keys.OpenRing(keyDir)
	if err != nil {
		return nil, err
	}
	r := &Repository{dir: dir, ring: ring, now: now}
	if _, err := r.root(); err != nil {
		return nil, err
	}
	return r, nil
}

// Targets returns the published targets by name.
func (r *Repository) Targets() (map[string]metadata.Target, error) {
	document, err := r.readTargets()
	if err != nil {
		return nil, err
	}
	// The two dialects spell an entry of targets alike, but for the hashes'
	// Go type.
	targets := map[string]metadata.Target{}
	for name, file := range document.Signed.Targets {
		target := metadata.Target{Length: file.Length, Hashes: map[string]string{}}
		for algorithm, sum := range file.Hashes {
			target.Hashes[algorithm] = sum.String()
		}
		if file.Custom != nil {
			if err := json.Unmarshal(*file.Custom, &target.Custom); err != nil {
				return nil, fmt.Errorf("read target %s: %w", name, err)
			}
		}
		targets[name] = target
	}
	return targets, nil
}

// SetTarget adds or replaces a target and publishes.
func (r *Repository) SetTarget(name string, target metadata.Target) error {
	custom, err := json.Marshal(target.Custom)
	if err != nil {
		return err
	}
	file := &tufspec.TargetFiles{Path: name, Length: target.Length, Hashes: tufspec.Hashes{}, Custom: (*json.RawMessage)(&custom)}
	for algorithm, sum := range target.Hashes {
		if file.Hashes[algorithm], err = hex.DecodeString(sum); err != nil {
			return fmt.Errorf("set target %s: %w", name, err)
		}
	}
	document, err := r.readTargets()
	if err != nil {
		return err
	}
	document.Signed.Targets[name] = file
	return r.publishTargets(document, time.Time{})
}

// RemoveTarget withdraws a target and publishes.
func (r *Repository) RemoveTarget(name string) error {
	document, err := r.readTargets()
	if err != nil {
		return err
	}
	if _, ok := document.Signed.Targets[name]; !ok {
		return fmt.Errorf("remove target: no target is named %q", name)
	}
	delete(document.Signed.Targets, name)
	return r.publishTargets(document, time.Time{})
}

// SetExpiry publishes a new version of one role's document that expires at t,
// and of the documents that pin it.
func (r *Repository) SetExpiry(role metadata.Role, t time.Time) error {
	switch role {
	case metadata.Root:
		return r.ChangeRoot(metadata.RootChange{Expires: t})
	case metadata.Targets:
		document, err := r.readTargets()
		if err != nil {
			return err
		}
		return r.publishTargets(document, t)
	case metadata.Snapshot:
		return r.publishSnapshot(t)
	case metadata.Timestamp:
		return r.publishTimestamp(t)
	}
	return fmt.Errorf("set expiry: no role is named %q", role)
}

func (r *Repository) readTargets() (*tufspec.Metadata[tufspec.TargetsType], error) {
	return tufspec.Targets().FromFile(r.path("targets.json"))
}

func (r *Repository) publishTargets(document *tufspec.Metadata[tufspec.TargetsType], expires time.Time) error {
	document.Signed.Version++
	document.Signed.Expires = r.expiry(expires)
	if err := write(r, metadata.Targets, document); err != nil {
		return err
	}
	return r.publishSnapshot(time.Time{})
}

func (r *Repository) publishSnapshot(expires time.Time) error {
	document, err := tufspec.Snapshot().FromFile(r.path("snapshot.json"))
	if errors.Is(err, fs.ErrNotExist) {
		document, err = tufspec.Snapshot(), nil
		document.Signed.Version = 0
	}
	if err != nil {
		return err
	}
	targets, err := r.readTargets()
	if err != nil {
		return err
	}
	document.Signed.Version++
	document.Signed.Expires = r.expiry(expires)
	document.Signed.Meta["targets.json"] = tufspec.MetaFile(targets.Signed.Version)
	if err := write(r, metadata.Snapshot, document); err != nil {
		return err
	}
	return r.publishTimestamp(time.Time{})
}

func (r *Repository) publishTimestamp(expires time.Time) error {
	document, err := tufspec.Timestamp().FromFile(r.path("timestamp.json"))
	if errors.Is(err, fs.ErrNotExist) {
		document, err = tufspec.Timestamp(), nil
		document.Signed.Version = 0
	}
	if err != nil {
		return err
	}
	snapshot, err := tufspec.Snapshot().FromFile(r.path("snapshot.json"))
	if err != nil {
		return err
	}
	document.Signed.Version++
	document.Signed.Expires = r.expiry(expires)
	document.Signed.Meta["snapshot.json"] = tufspec.MetaFile(snapshot.Signed.Version)
	return write(r, metadata.Timestamp, document)
}

func (r *Repository) expiry(t time.Time) time.Time {
	if t.IsZero() {
		t = r.now().Add(ttl)
	}
	return t.UTC().Truncate(time.Second)
}

func (r *Repository) path(name string) string { return filepath.Join(r.dir, name) }
