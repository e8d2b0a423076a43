package delta

import (
	"io"
	"strings"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/object/gvariant"
)

// maxIndex is the largest index that is read, in bytes: about 5000 deltas.
const maxIndex = 1 << 20

// index is the list of the deltas to a commit that some repositories have: the
// commits they are from, each with the SHA-256 of the superblock.
type index map[object.Checksum]object.Checksum

var (
	dictType  = gvariant.MustType("a{sv}")
	bytesType = gvariant.MustType("ay")
)

// deltasKey is the entry of an index, and of a repository's summary, that lists
// deltas (OSTREE_SUMMARY_STATIC_DELTAS).
const deltasKey = "ostree.static-deltas"

// parseIndex reads an index for the deltas to one commit.
func parseIndex(data []byte, to object.Checksum) (index, error) {
	v, err := gvariant.Parse(dictType, data)
	if err != nil {
		return nil, malformed("index: %w", err)
	}
	deltas, ok := v.Lookup(deltasKey)
	if !ok || deltas.Type().String() != dictType.String() {
		return nil, malformed("index lists no deltas")
	}
	x := index{}
	for i := range deltas.Len() {
		e := deltas.At(i)
		sum := e.At(1).Variant()
		if sum.Type().String() != bytesType.String() || len(sum.Bytes()) != len(object.Checksum{}) {
			return nil, malformed("index without a checksum")
		}
		from, ok := parseName(e.At(0).Str(), to)
		if ok {
			x[from] = object.Checksum(sum.Bytes())
		}
	}
	return x, nil
}

// parseName reads the name of a delta to a known commit.
func parseName(name string, to object.Checksum) (from object.Checksum, ok bool) {
	if name == to.String() {
		return from, true
	}
	text, ok := strings.CutSuffix(name, "-"+to.String())
	if !ok {
		return from, false
	}
	from, err := object.ParseChecksum(text)
	return from, err == nil && !from.IsZero()
}

// readIndex reads an index off a source.
func readIndex(r io.Reader, to object.Checksum) (index, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxIndex+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxIndex {
		return nil, malformed("index of more than %d bytes", maxIndex)
	}
	return parseIndex(data, to)
}
