package object

import (
	"maps"
	"slices"

	"github.com/sotabox/sotabox/ostreelite/object/gvariant"
)

var (
	stringType  = gvariant.MustType("s")
	stringsType = gvariant.MustType("as")
)

// CommitMetadata serialises an "a{sv}" from variants (see StringVariant), in
// the order of the keys.
func CommitMetadata(entries map[string][]byte) []byte {
	elems := make([][]byte, 0, len(entries))
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		elems = append(elems, gvariant.Tuple(metadataType.Elem(0), gvariant.String(key), entries[key]))
	}
	return gvariant.Array(metadataType, elems...)
}

// StringVariant serialises a variant that holds a string.
func StringVariant(s string) []byte { return gvariant.Variant(stringType, gvariant.String(s)) }

// StringsVariant serialises a variant that holds an array of strings.
func StringsVariant(list ...string) []byte {
	elems := make([][]byte, len(list))
	for i, s := range list {
		elems[i] = gvariant.String(s)
	}
	return gvariant.Variant(stringsType, gvariant.Array(stringsType, elems...))
}

// ValidateMetadata checks that data is an "a{sv}" in normal form, as commits
// and detached metadata have it. The error is an ErrMalformed.
func ValidateMetadata(data []byte) error {
	_, err := parse(metadataType, data, MaxMetadataSize)
	return err
}
