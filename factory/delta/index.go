//go:build factory

package delta

import (
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sotabox/sotabox/internal/atomicfile"
	"github.com/sotabox/sotabox/ostreelite/delta"
	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/object/gvariant"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// writeIndex lists the deltas to a commit that a repository has, and says in its
// configuration that there are indexes: the ostree command looks for deltas in
// indexes or in the summary, and nowhere else.
func writeIndex(r *repo.Repo, to object.Checksum) error {
	found, err := filepath.Glob(filepath.Join(r.Path(), "deltas", "*", "*", "superblock"))
	if err != nil {
		return err
	}
	deltas := map[string][]byte{}
	for _, name := range found {
		from, ok := parseDir(name, to)
		if !ok {
			continue
		}
		superblock, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(superblock)
		deltas[delta.Name(from, to)] = sum[:]
	}
	var entries [][]byte
	for _, name := range slices.Sorted(maps.Keys(deltas)) {
		entries = append(entries, dictEntry(name, bytesType, deltas[name]))
	}
	index := gvariant.Array(dictType, dictEntry("ostree.static-deltas", dictType, gvariant.Array(dictType, entries...)))
	path := filepath.Join(r.Path(), delta.IndexPath(to))
	dir, err := makeDir(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := atomicfile.Write(dir, filepath.Base(path), index, 0o644); err != nil {
		return err
	}
	return announce(r)
}

// parseDir reads the name of the directory that a superblock is in, which is that
// of a delta to a known commit, or not.
func parseDir(superblock string, to object.Checksum) (from object.Checksum, ok bool) {
	dir := filepath.Dir(superblock)
	name := filepath.Base(filepath.Dir(dir)) + filepath.Base(dir)
	if text, _, found := strings.Cut(name, "-"); found {
		raw, err := base64.RawStdEncoding.DecodeString(strings.ReplaceAll(text, "_", "/"))
		if err != nil || len(raw) != len(from) {
			return from, false
		}
		from = object.Checksum(raw)
	}
	return from, strings.HasSuffix(dir, "/"+delta.Dir(from, to))
}

func announce(r *repo.Repo) error {
	const group, key = "core", "indexed-deltas"
	if v, ok := r.Config().Keyfile.Get(group, key); ok && v == "true" {
		return nil
	}
	config, err := os.ReadFile(filepath.Join(r.Path(), "config"))
	if err != nil {
		return err
	}
	k, err := repo.ParseKeyfile(config)
	if err != nil {
		return err
	}
	k.Set(group, key, "true")
	return r.WriteConfig(k)
}
