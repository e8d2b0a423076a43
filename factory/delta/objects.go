//go:build factory

package delta

import (
	"io"
	"os"
	"path/filepath"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// maxPatched is the size of the largest files that are compared, in bytes.
const maxPatched = 64 << 20

func (g *generator) addMetadata(n object.Name) error {
	data, err := g.repo.Metadata(n)
	if err != nil {
		return err
	}
	if err := g.begin(n, len(data), len(data)); err != nil {
		return err
	}
	g.part.spliceMetadata(data)
	return nil
}

func (g *generator) addFile(f file, old *tree) error {
	h, data, err := g.load(f.checksum)
	if err != nil {
		return err
	}
	n := object.Name{Type: object.TypeFile, Checksum: f.checksum}
	if h.IsSymlink() {
		if err := g.begin(n, len(h.Target), 0); err != nil {
			return err
		}
		g.part.splice(h, []byte(h.Target))
		return nil
	}
	if !g.o.NoPatches && len(data) <= maxPatched {
		done, err := g.addDifference(f, h, data, old)
		if done || err != nil {
			return err
		}
	}
	if g.o.MinFallback > 0 && int64(len(data)) >= g.o.MinFallback {
		return g.addFallback(n, int64(len(data)))
	}
	if err := g.begin(n, len(data), len(data)); err != nil {
		return err
	}
	g.part.splice(h, data)
	return nil
}

// addDifference adds a file as what makes it of the one most like it, if that is
// worth it.
func (g *generator) addDifference(f file, h *object.FileHeader, data []byte, old *tree) (bool, error) {
	var best []segment
	var source object.Checksum
	var before []byte
	for _, c := range old.like(f) {
		ok, from, err := g.loadSource(c, len(data))
		if err != nil {
			return false, err
		}
		if !ok {
			continue
		}
		if s := match(from, data); covered(s) > covered(best) {
			best, source, before = s, c, from
		}
	}
	if covered(best) < len(data)/2 || len(best) == 0 {
		return false, nil
	}
	n := object.Name{Type: object.TypeFile, Checksum: f.checksum}
	if blocks(best, before, data) {
		if err := g.begin(n, len(data)-covered(best), len(data)); err != nil {
			return false, err
		}
		g.part.copyBlocks(h, source, best, data)
		g.stats.Copied++
		return true, nil
	}
	p := patch(best, before, data)
	if err := g.begin(n, len(p), len(data)); err != nil {
		return false, err
	}
	g.part.patch(h, source, len(data), p)
	g.stats.Patched++
	return true, nil
}

// loadSource loads a file to compare with, unless it is of quite another size.
// Only what everybody may read is used: the device's repository may belong to
// somebody else than the one who updates (as libostree).
func (g *generator) loadSource(c object.Checksum, size int) (bool, []byte, error) {
	have, err := g.repo.FileSize(c)
	if err != nil || have > maxPatched || have < int64(size)/4 {
		return false, nil, err
	}
	h, data, err := g.load(c)
	if err != nil {
		return false, nil, err
	}
	return !h.IsSymlink() && h.Mode&0o004 != 0, data, nil
}

func (g *generator) load(c object.Checksum) (*object.FileHeader, []byte, error) {
	h, r, err := g.repo.OpenFile(c)
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	return h, data, err
}

// addFallback leaves a file to be fetched as an object.
func (g *generator) addFallback(n object.Name, size int64) error {
	hex := n.Checksum.String()
	info, err := os.Stat(filepath.Join(g.repo.Path(), "objects", hex[:2], hex[2:]+".filez"))
	if err != nil {
		return err
	}
	g.fallbacks = append(g.fallbacks, fallbackEntry(n, info.Size(), size))
	g.stats.Fallbacks++
	return nil
}
