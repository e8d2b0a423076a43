package delta

import (
	"io"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/object/gvariant"
)

// maxIndex is the largest index that is read, in bytes: about 5000 deltas.
const maxIndex = 1 << 20

// deltasKey is the entry of an index that lists deltas, by name, each with the
// SHA-256 of its superblock (OSTREE_SUMMARY_STATIC_DELTAS).
const deltasKey = "ostree.static-deltas"

// index is the list of the deltas to a commit that some repositories have.
type index struct {
	to     object.Checksum
	deltas gvariant.Value
}

// readIndex reads an index off a source.
func readIndex(r io.Reader, to object.Checksum) (*index, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxIndex))
	if err != nil {
		return nil, err
	}
	dict, err := gvariant.ParseType("a{sv}")
	if err != nil {
		return nil, err
	}
	v, err := gvariant.Parse(dict, data)
	if err != nil {
		return nil, bad(err)
	}
	deltas, ok := v.Lookup(deltasKey)
	if !ok || deltas.Type().String() != dict.String() {
		return nil, malformed("index lists no deltas")
	}
	return &index{to, deltas}, nil
}

// find gives the checksum of the superblock of the delta from a commit.
func (x *index) find(from object.Checksum) (sum object.Checksum, ok bool) {
	v, ok := x.deltas.Lookup(Name(from, x.to))
	if !ok || v.Type().String() != "ay" || len(v.Bytes()) != len(sum) {
		return sum, false
	}
	return object.Checksum(v.Bytes()), true
}
