//go:build factory

package metadata

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sotabox/sotabox/factory/keys"
)

// keyring is a directory of key files named after the role they were made for:
// root-1.json, targets-1.json, targets-2.json after a rotation. Which of them
// count is for root metadata to say.
type keyring struct {
	dir  string
	byID map[string]*keys.Key
}

func createKeyring(dir string) (*keyring, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create key directory: %w", err)
	}
	return openKeyring(dir)
}

func openKeyring(dir string) (*keyring, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read key directory: %w", err)
	}
	ring := &keyring{dir: dir, byID: map[string]*keys.Key{}}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".json") {
			continue
		}
		key, err := keys.Load(filepath.Join(dir, entry.Name()))
		if err != nil {
			return nil, err
		}
		ring.byID[key.ID()] = key
	}
	return ring, nil
}

func (k *keyring) generate(role Role, t keys.Type) (*keys.Key, error) {
	key, err := keys.Generate(t)
	if err != nil {
		return nil, fmt.Errorf("make %s key: %w", role, err)
	}
	for serial := 1; ; serial++ {
		err := key.Save(filepath.Join(k.dir, fmt.Sprintf("%s-%d.json", role, serial)))
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		k.byID[key.ID()] = key
		return key, nil
	}
}

// signers returns the private keys of a role: all that are at hand, and no
// fewer than its threshold.
func (k *keyring) signers(role RoleKeys) ([]*keys.Key, error) {
	var found []*keys.Key
	for _, id := range role.KeyIDs {
		if key, ok := k.byID[id]; ok {
			found = append(found, key)
		}
	}
	if len(found) < role.Threshold {
		return nil, fmt.Errorf("%w: %d of the %d needed are in %s", ErrNoKey, len(found), role.Threshold, k.dir)
	}
	return found, nil
}
