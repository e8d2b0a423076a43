//go:build factory

package rootfs

import "hash/fnv"

// life is where a file stands at some version of the product.
type life struct {
	present  bool
	revision int    // the version that last changed its content
	chance   uint64 // a constant of the name, spread over all bits
}

// lifeOf decides a file's fate from its name: about one in sixty changes with
// each version, one in a hundred and fifty arrives late and as many leave
// early.
func lifeOf(name string, version int) life {
	l := life{revision: 1, chance: seed(name, 0)}
	born, dies := 1, version+1
	switch l.chance % 150 {
	case 1:
		born = 2 + int(l.chance>>32%3)
	case 2:
		dies = 2 + int(l.chance>>32%3)
	}
	l.present = born <= version && version < dies
	for v := 2; v <= version; v++ {
		if seed(name, v)%60 == 0 {
			l.revision = v
		}
	}
	return l
}

// size spreads sizes around typical: most are smaller, a few much larger.
func (l life) size(typical int) int {
	part := int(l.chance >> 40 % 1000)
	if part > 990 {
		return typical * 12
	}
	return typical * part / 1000
}

// seed mixes a name and a number into 64 well spread bits.
func seed(name string, n int) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	h.Write([]byte{byte(n), byte(n >> 8)})
	x := h.Sum64()
	// FNV's low bits are weak for names that differ in few characters.
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	return x
}
