//go:build factory

package matrix

import (
	"encoding/binary"
	"fmt"
	"math"
	"testing"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/object/gvariant"
)

// chain is directories in each other.
func (e *evil) chain(depth int) object.DirTree {
	t, meta := object.DirTree{}, e.dirmeta()
	for range depth {
		t = object.DirTree{Dirs: []object.DirEntry{{Name: "d", Tree: e.tree(t), Meta: meta}}}
	}
	return t
}

// mesh is layers of directories, each of which holds all of the next layer.
func (e *evil) mesh(layers, width int) object.DirTree {
	below, meta := []object.DirTree{{}}, e.dirmeta()
	for layer := range layers {
		var dirs []object.DirEntry
		for i, t := range below {
			dirs = append(dirs, object.DirEntry{Name: fmt.Sprintf("%03d", i), Tree: e.tree(t), Meta: meta})
		}
		below = nil
		for i := range width {
			own := e.content(plainFile, fmt.Sprint(layer, i))
			below = append(below, object.DirTree{Dirs: dirs, Files: []object.FileEntry{{Name: "own", Checksum: own}}})
		}
	}
	return below[0]
}

// TestHostileShapes has trees with more paths than can be visited, which are pulled as
// the few objects that they are, or that nest deeper than anything needs.
func TestHostileShapes(t *testing.T) {
	mountAll(t, []attack{
		{name: "2^60 paths", want: accepted, make: func(e *evil) object.Checksum { return e.commit(e.mesh(60, 2)) }},
		{name: "8^50 paths", want: accepted, make: func(e *evil) object.Checksum { return e.commit(e.mesh(50, 8)) }},
		{name: "depth of 250", want: accepted, make: func(e *evil) object.Checksum { return e.commit(e.chain(250)) }},
		{name: "sizes that nothing has", want: "nospace", make: func(e *evil) object.Checksum {
			c := e.commitOf(e.holding("f", e.content(plainFile, "x")))
			c.Metadata = object.CommitMetadata(map[string][]byte{"ostree.sizes": hugeSizes()})
			return e.add(object.TypeCommit, c.Marshal())
		}},
	})
}

// hugeSizes is an "ostree.sizes" of two objects that have almost 2^63 bytes each.
func hugeSizes() []byte {
	sizes := gvariant.MustType("aay")
	var entries [][]byte
	for i := range 2 {
		sum := object.Sum([]byte{byte(i)})
		entry := binary.AppendUvarint(sum[:], math.MaxInt64) // compressed
		entry = binary.AppendUvarint(entry, math.MaxInt64)   // and not
		entries = append(entries, append(entry, byte(object.TypeFile)))
	}
	return gvariant.Variant(sizes, gvariant.Array(sizes, entries...))
}
