//go:build factory

package keys

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Ring is a directory of key files named after the role they were made for:
// root-1.json, targets-1.json, targets-2.json after a rotation. Which of them
// count is for root metadata to say.
type Ring struct {
	dir  string
	byID map[string]*Key
}

// OpenRing reads all keys of a directory, which is created if it is missing.
func OpenRing(dir string) (*Ring, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create key directory: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read key directory: %w", err)
	}
	ring := &Ring{dir: dir, byID: map[string]*Key{}}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".json") {
			continue
		}
		key, err := Load(filepath.Join(dir, entry.Name()))
		if err != nil {
			return nil, err
		}
		ring.byID[key.ID()] = key
	}
	return ring, nil
}

// Dir is the directory of the key files.
func (r *Ring) Dir() string { return r.dir }

// Generate makes a key for a role and saves it under the next free name.
func (r *Ring) Generate(role string, t Type) (*Key, error) {
	key, err := Generate(t)
	if err != nil {
		return nil, fmt.Errorf("make %s key: %w", role, err)
	}
	for serial := 1; ; serial++ {
		err := key.Save(filepath.Join(r.dir, fmt.Sprintf("%s-%d.json", role, serial)))
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		r.byID[key.ID()] = key
		return key, nil
	}
}

// Key returns the key with an ID, if it is at hand.
func (r *Ring) Key(id string) (*Key, bool) {
	key, ok := r.byID[id]
	return key, ok
}

// All returns every key of the ring, in the order of their IDs.
func (r *Ring) All() []*Key {
	var all []*Key
	for _, id := range slices.Sorted(maps.Keys(r.byID)) {
		all = append(all, r.byID[id])
	}
	return all
}
