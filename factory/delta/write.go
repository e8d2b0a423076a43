//go:build factory

package delta

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strconv"

	"github.com/sotabox/sotabox/internal/atomicfile"
	"github.com/sotabox/sotabox/ostreelite/delta"
	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/object/gvariant"
)

var (
	superblockType = gvariant.MustType("(a{sv}tayay(a{sv}aya(say)sstayay)aya(uayttay)a(yaytt))")
	partEntryType  = superblockType.Elem(6).Elem(0)
	fallbackType   = superblockType.Elem(7).Elem(0)
	dictType       = gvariant.MustType("a{sv}")
	partType       = gvariant.MustType("(yay)")
	byteType       = gvariant.MustType("y")
	bytesType      = gvariant.MustType("ay")
)

func fallbackEntry(n object.Name, packed, size int64) []byte {
	return gvariant.Tuple(fallbackType, []byte{byte(n.Type)}, n.Checksum[:], le64(packed), le64(size))
}

func dictEntry(key string, t *gvariant.Type, value []byte) []byte {
	return gvariant.Tuple(dictType.Elem(0), gvariant.String(key), gvariant.Variant(t, value))
}

// superblock describes the delta. The numbers are little-endian, as it says.
func (g *generator) superblock() ([]byte, error) {
	commit, err := g.repo.Metadata(object.Name{Type: object.TypeCommit, Checksum: g.o.To})
	if err != nil {
		return nil, err
	}
	dict := [][]byte{dictEntry("ostree.endianness", byteType, []byte{'l'})}
	var entries [][]byte
	for i, p := range g.parts {
		entries = append(entries, p.entry)
		if g.o.Inline {
			dict = append(dict, dictEntry(delta.PartPath(g.o.From, g.o.To, i), partType, p.data))
		}
	}
	var from []byte
	if !g.o.From.IsZero() {
		from = g.o.From[:]
	}
	made := binary.BigEndian.AppendUint64(nil, uint64(g.o.Now.Unix()))
	return gvariant.Tuple(superblockType, gvariant.Array(dictType, dict...), made, from, g.o.To[:], commit, nil,
		gvariant.Array(superblockType.Elem(6), entries...), gvariant.Array(superblockType.Elem(7), g.fallbacks...)), nil
}

// write puts the delta into the repository. The superblock comes last: where it is
// the delta is whole.
func (g *generator) write() error {
	superblock, err := g.superblock()
	if err != nil {
		return err
	}
	g.stats.Size += int64(len(superblock))
	path := filepath.Join(g.repo.Path(), delta.Dir(g.o.From, g.o.To))
	if err := os.RemoveAll(path); err != nil {
		return err
	}
	dir, err := makeDir(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	if g.o.Inline {
		// They were counted as parts, and are in the superblock.
		for _, p := range g.parts {
			g.stats.Size -= int64(len(p.data))
		}
	} else {
		for i, p := range g.parts {
			if err := atomicfile.Write(dir, strconv.Itoa(i), p.data, 0o644); err != nil {
				return err
			}
		}
	}
	if err := atomicfile.Write(dir, "superblock", superblock, 0o644); err != nil {
		return err
	}
	return writeIndex(g.repo, g.o.To)
}

func makeDir(path string) (*os.File, error) {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, err
	}
	return os.Open(path)
}
