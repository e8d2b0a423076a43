//go:build factory

package delta

import (
	"bytes"
	"hash/maphash"
)

// segment says that a piece of a new file is like a piece of an old one.
type segment struct{ next, old, n int }

const (
	// anchor is the size of the blocks that have to be the same somewhere for two
	// files to be compared there, in bytes.
	anchor = 24
	// stride is how far apart the blocks of the old file are that are looked for.
	stride = 8
	// drop is how many bytes more may differ than be the same before a segment is
	// taken to have ended.
	drop = 48
)

// match finds pieces of next that are like pieces of old, in the order of next and
// without overlaps: it looks for blocks that are the same and goes on from there in
// both directions as long as most bytes are.
func match(old, next []byte) []segment {
	if len(old) < anchor || len(next) < anchor {
		return nil
	}
	seed := maphash.MakeSeed()
	where := make(map[uint64]int32, len(old)/stride)
	for i := 0; i+anchor <= len(old); i += stride {
		h := maphash.Bytes(seed, old[i:i+anchor])
		if _, ok := where[h]; !ok {
			where[h] = int32(i)
		}
	}
	var out []segment
	end := 0 // of what has been assigned in next
	for at := 0; at+anchor <= len(next); {
		from, ok := where[maphash.Bytes(seed, next[at:at+anchor])]
		if !ok || !bytes.Equal(old[from:from+anchor], next[at:at+anchor]) {
			at++
			continue
		}
		back := extend(at-end, int(from), func(i int) bool { return old[int(from)-1-i] == next[at-1-i] })
		on := extend(len(next)-at, len(old)-int(from), func(i int) bool { return old[int(from)+i] == next[at+i] })
		out = append(out, segment{at - back, int(from) - back, back + on})
		end = at + on
		at = end
	}
	return out
}

// extend counts how far two pieces, of which one has a bytes and the other b, are
// mostly the same.
func extend(a, b int, same func(int) bool) int {
	score, best, n := 0, 0, 0
	for i := 0; i < min(a, b) && score > best-drop; i++ {
		if same(i) {
			score++
		} else {
			score--
		}
		if score > best {
			best, n = score, i+1
		}
	}
	return n
}

// covered is the number of bytes in segments.
func covered(list []segment) int {
	sum := 0
	for _, s := range list {
		sum += s.n
	}
	return sum
}

// blocks reports whether segments are few, long and exactly the same, so that
// copying them says all.
func blocks(list []segment, old, next []byte) bool {
	const minBlock = 4 << 10
	if covered(list) < minBlock*len(list) {
		return false
	}
	for _, s := range list {
		if !bytes.Equal(old[s.old:s.old+s.n], next[s.next:s.next+s.n]) {
			return false
		}
	}
	return true
}

// patch writes segments as bsdiff does: three numbers, so many bytes of differences,
// so many new bytes, and how far to move in the old file, again and again.
func patch(list []segment, old, next []byte) []byte {
	var out []byte
	at, pos := 0, 0 // in next, in old
	prior := segment{}
	for _, s := range append(list, segment{next: len(next), old: -1}) {
		move := s.old - pos
		if s.old < 0 {
			move = 0
		}
		insert := s.next - at
		out = appendNumber(out, int64(prior.n))
		out = appendNumber(out, int64(insert))
		out = appendNumber(out, int64(move))
		for i := range prior.n {
			out = append(out, next[prior.next+i]-old[prior.old+i])
		}
		out = append(out, next[at:s.next]...)
		at, pos, prior = s.next+s.n, s.old+s.n, s
	}
	return out
}

// appendNumber writes 64 bits, little-endian, with the sign in the top one.
func appendNumber(out []byte, n int64) []byte {
	v := uint64(max(n, -n))
	if n < 0 {
		v |= 1 << 63
	}
	for range 8 {
		out = append(out, byte(v))
		v >>= 8
	}
	return out
}
