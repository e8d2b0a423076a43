// Package gvariant reads and writes the GVariant serialisation that OSTree
// keeps its metadata in (GVariant Specification 1.0, "Serialisation Format").
//
// Only serialised data in normal form is accepted. For every value there is
// exactly one normal form, so a checksum over the bytes is a checksum over the
// value, and a reader never has to guess what a bad offset was meant to be.
//
// Framing offsets are little-endian, as the specification has them. Numbers
// inside a value have the byte order the producer chose: OSTree mostly stores
// them big-endian, so the accessors name the order.
package gvariant

import "errors"

// ErrNotNormal says that data is not a normal form serialisation of its type.
var ErrNotNormal = errors.New("not a gvariant in normal form")

// maxDepth bounds nesting of containers and variants. GLib has the same bound
// (G_VARIANT_MAX_RECURSION_DEPTH).
const maxDepth = 128
