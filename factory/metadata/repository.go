//go:build factory

package metadata

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/sotabox/sotabox/factory/keys"
)

// ErrNoKey is returned when a document needs a private key that is not in the
// key directory.
var ErrNoKey = errors.New("no private key")

// How long documents are valid unless an expiry is given. Long, since a
// factory on somebody's desk has no service that signs it again.
const (
	rootTTL = 10 * 365 * 24 * time.Hour
	roleTTL = 365 * 24 * time.Hour
)

// Repository is a set of published documents and the keys that sign them.
type Repository struct {
	dir  string
	keys *keys.Ring
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
	r := &Repository{dir: dir, keys: ring, now: now}
	root := rootSigned{Keys: map[string]keys.Public{}, Roles: map[Role]RoleKeys{}}
	for _, role := range Roles() {
		if err := r.replaceKeys(&root, role, RoleChange{Keys: 1, Threshold: 1, Type: keyType}); err != nil {
			return nil, err
		}
	}
	root.header = newHeader("Root", 1, now().Add(rootTTL))
	signers, err := r.signers(root.Roles[Root])
	if err != nil {
		return nil, err
	}
	if err := r.write("1.root.json", root, signers); err != nil {
		return nil, err
	}
	if err := r.publishTargets(targetsSigned{Targets: map[string]Target{}}, time.Time{}); err != nil {
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
	r := &Repository{dir: dir, keys: ring, now: now}
	if _, err := r.root(); err != nil {
		return nil, err
	}
	return r, nil
}

// Targets returns the published targets by name.
func (r *Repository) Targets() (map[string]Target, error) {
	var targets targetsSigned
	if err := r.read("targets.json", &targets); err != nil {
		return nil, err
	}
	return targets.Targets, nil
}

// SetTarget adds or replaces a target and publishes.
func (r *Repository) SetTarget(name string, target Target) error {
	return r.changeTargets(func(targets map[string]Target) error {
		targets[name] = target
		return nil
	})
}

// RemoveTarget withdraws a target and publishes.
func (r *Repository) RemoveTarget(name string) error {
	return r.changeTargets(func(targets map[string]Target) error {
		if _, ok := targets[name]; !ok {
			return fmt.Errorf("remove target: no target is named %q", name)
		}
		delete(targets, name)
		return nil
	})
}

// SetExpiry publishes a new version of one role's document that expires at t,
// and of the documents that pin it.
func (r *Repository) SetExpiry(role Role, t time.Time) error {
	switch role {
	case Root:
		return r.ChangeRoot(RootChange{Expires: t})
	case Targets:
		var targets targetsSigned
		if err := r.read("targets.json", &targets); err != nil {
			return err
		}
		return r.publishTargets(targets, t)
	case Snapshot:
		return r.publishSnapshot(t)
	case Timestamp:
		return r.publishTimestamp(t)
	}
	return fmt.Errorf("set expiry: no role is named %q", role)
}

func (r *Repository) changeTargets(change func(map[string]Target) error) error {
	var targets targetsSigned
	if err := r.read("targets.json", &targets); err != nil {
		return err
	}
	if err := change(targets.Targets); err != nil {
		return err
	}
	return r.publishTargets(targets, time.Time{})
}

// The three publish functions write one document each as the next version and
// go on to the document that pins it. A zero expiry means the usual one.

func (r *Repository) publishTargets(targets targetsSigned, expires time.Time) error {
	targets.header = newHeader("Targets", targets.Version+1, r.expiry(expires))
	if err := r.writeRole(Targets, targets); err != nil {
		return err
	}
	return r.publishSnapshot(time.Time{})
}

func (r *Repository) publishSnapshot(expires time.Time) error {
	if err := r.publishMeta(Snapshot, "Snapshot", Targets, expires); err != nil {
		return err
	}
	return r.publishTimestamp(time.Time{})
}

func (r *Repository) publishTimestamp(expires time.Time) error {
	return r.publishMeta(Timestamp, "Timestamp", Snapshot, expires)
}

func (r *Repository) publishMeta(role Role, typ string, pinned Role, expires time.Time) error {
	var old metaSigned
	if err := r.read(roleFile(role), &old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var head header
	if err := r.read(roleFile(pinned), &head); err != nil {
		return err
	}
	document, err := os.ReadFile(filepath.Join(r.dir, roleFile(pinned)))
	if err != nil {
		return err
	}
	entry, err := describe(document, head.Version)
	if err != nil {
		return err
	}
	return r.writeRole(role, metaSigned{
		header: newHeader(typ, old.Version+1, r.expiry(expires)),
		Meta:   map[string]fileMeta{roleFile(pinned): entry},
	})
}

func (r *Repository) expiry(t time.Time) time.Time {
	if t.IsZero() {
		return r.now().Add(roleTTL)
	}
	return t
}

// signers returns the private keys of a role: all that are at hand, and no
// fewer than its threshold.
func (r *Repository) signers(role RoleKeys) ([]*keys.Key, error) {
	var found []*keys.Key
	for _, id := range role.KeyIDs {
		if key, ok := r.keys.Key(id); ok {
			found = append(found, key)
		}
	}
	if len(found) < role.Threshold {
		return nil, fmt.Errorf("%w: %d of the %d needed are in %s; if other people hold them, write the document for them to sign", ErrNoKey, len(found), role.Threshold, r.keys.Dir())
	}
	return found, nil
}

func roleFile(role Role) string { return string(role) + ".json" }

// writeRole signs with the keys the current root names for the role.
func (r *Repository) writeRole(role Role, signed any) error {
	root, err := r.root()
	if err != nil {
		return err
	}
	signers, err := r.signers(root.Roles[role])
	if err != nil {
		return fmt.Errorf("sign %s: %w", role, err)
	}
	return r.write(roleFile(role), signed, signers)
}

func (r *Repository) write(name string, signed any, signers []*keys.Key) error {
	document, err := sign(signed, signers)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return writeAside(filepath.Join(r.dir, name), document)
}

func (r *Repository) read(name string, signed any) error {
	data, err := os.ReadFile(filepath.Join(r.dir, name))
	if err != nil {
		return fmt.Errorf("read metadata: %w", err)
	}
	var doc envelope
	if err := json.Unmarshal(data, &doc); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	if err := json.Unmarshal(doc.Signed, signed); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}

// writeAside replaces a file whole: a gateway may be serving it meanwhile.
func writeAside(path string, data []byte) error {
	aside := path + ".new"
	if err := os.WriteFile(aside, data, 0o644); err != nil {
		return fmt.Errorf("write metadata: %w", err)
	}
	return os.Rename(aside, path)
}
