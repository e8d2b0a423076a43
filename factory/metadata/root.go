//go:build factory

package metadata

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/sotabox/sotabox/factory/keys"
)

// RootChange is what a new version of root does.
type RootChange struct {
	Roles     map[Role]RoleChange // roles that get new keys
	Expires   time.Time           // zero: ten years from now
	Changelog string              // free text, signed along
}

// RoleChange replaces a role's keys by new ones.
type RoleChange struct {
	Keys      int       // how many; at least 1
	Threshold int       // how many must sign; 1..Keys
	Type      keys.Type // of the new keys
}

// RootVersion is the version of the newest root.
func (r *Repository) RootVersion() (int64, error) {
	root, err := r.root()
	return root.Version, err
}

// ChangeRoot publishes the next version of root, signed by the old and the new
// root keys alike, and signs the other documents again where their keys
// changed.
func (r *Repository) ChangeRoot(change RootChange) error {
	old, err := r.root()
	if err != nil {
		return err
	}
	next := old
	next.Keys, next.Roles = maps.Clone(old.Keys), maps.Clone(old.Roles)
	for role, c := range change.Roles {
		if err := r.replaceKeys(&next, role, c); err != nil {
			return err
		}
	}
	expires := change.Expires
	if expires.IsZero() {
		expires = r.now().Add(rootTTL)
	}
	next.header = newHeader("Root", old.Version+1, expires)
	next.Changelog = change.Changelog

	signers, err := r.rotationSigners(old.Roles[Root], next.Roles[Root])
	if err != nil {
		return err
	}
	if err := r.write(rootFile(next.Version), next, signers); err != nil {
		return err
	}
	return r.resign(change.Roles)
}

// resign publishes again every document that a change of keys invalidated; one
// of them changes those that pin it too.
func (r *Repository) resign(changed map[Role]RoleChange) error {
	for _, role := range []Role{Targets, Snapshot, Timestamp} {
		if _, ok := changed[role]; ok {
			return r.SetExpiry(role, r.now().Add(roleTTL))
		}
	}
	return nil
}

func (r *Repository) rotationSigners(old, next RoleKeys) ([]*keys.Key, error) {
	signers, err := r.signers(old)
	if err != nil {
		return nil, fmt.Errorf("sign root: %w", err)
	}
	fresh, err := r.signers(next)
	if err != nil {
		return nil, fmt.Errorf("sign root: %w", err)
	}
	for _, key := range fresh {
		if !slices.Contains(signers, key) {
			signers = append(signers, key)
		}
	}
	return signers, nil
}

// replaceKeys makes new keys for a role and drops those no role uses any more.
func (r *Repository) replaceKeys(root *rootSigned, role Role, c RoleChange) error {
	if !slices.Contains(Roles(), role) {
		return fmt.Errorf("no role is named %q", role)
	}
	if c.Keys < 1 || c.Threshold < 1 || c.Threshold > c.Keys {
		return fmt.Errorf("%s: a threshold of %d cannot be met by %d keys", role, c.Threshold, c.Keys)
	}
	entry := RoleKeys{Threshold: c.Threshold}
	for range c.Keys {
		key, err := r.keys.Generate(string(role), c.Type)
		if err != nil {
			return err
		}
		root.Keys[key.ID()] = key.Public()
		entry.KeyIDs = append(entry.KeyIDs, key.ID())
	}
	root.Roles[role] = entry
	root.dropUnusedKeys()
	return nil
}

func (root *rootSigned) dropUnusedKeys() {
	maps.DeleteFunc(root.Keys, func(id string, _ keys.Public) bool {
		for _, used := range root.Roles {
			if slices.Contains(used.KeyIDs, id) {
				return false
			}
		}
		return true
	})
}

// root reads the newest root: the end of the chain.
func (r *Repository) root() (rootSigned, error) {
	var newest rootSigned
	for version := int64(1); ; version++ {
		var next rootSigned
		err := r.read(rootFile(version), &next)
		switch {
		case errors.Is(err, fs.ErrNotExist) && version > 1:
			return newest, nil
		case err != nil:
			return rootSigned{}, err
		}
		newest = next
	}
}

func rootFile(version int64) string { return fmt.Sprintf("%d.root.json", version) }
