package pull

import (
	"encoding/binary"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// filterBits is the size of a filter: 64 KiB, which after 100,000 objects takes
// one new object in ten for a seen one.
const filterBits = 1 << 19

// filter is a Bloom filter: it remembers, in constant space, which objects were
// seen. That an object is new is certain, that it was seen is not.
type filter [filterBits / 64]uint64

// seen tells whether c may have been given before. Two probes suffice; a
// checksum's bytes are as random as any hash of them.
func (f *filter) seen(c object.Checksum) bool {
	seen := true
	for i := range 2 {
		bit := binary.LittleEndian.Uint32(c[4*i:]) % filterBits
		word, mask := &f[bit/64], uint64(1)<<(bit%64)
		seen = seen && *word&mask != 0
		*word |= mask
	}
	return seen
}
