package gvariant

// offsetSize is the width of the framing offsets of a container of n bytes.
func offsetSize(n int) int {
	switch {
	case n == 0:
		return 0
	case n <= 0xff:
		return 1
	case n <= 0xffff:
		return 2
	case uint64(n) <= 0xffffffff:
		return 4
	}
	return 8
}

// readOffset reads the little-endian offset of width w that starts at pos.
// An offset that does not fit into data is reported as -1.
func readOffset(data []byte, pos, w int) int {
	var v uint64
	for i := w - 1; i >= 0; i-- {
		v = v<<8 | uint64(data[pos+i])
	}
	if v > uint64(len(data)) {
		return -1
	}
	return int(v)
}

func appendOffset(dst []byte, v, w int) []byte {
	for range w {
		dst = append(dst, byte(v))
		v >>= 8
	}
	return dst
}

// framedSize is the size of a container with body bytes of children and n
// framing offsets, and the width those offsets take.
func framedSize(body, n int) (size, width int) {
	if n == 0 {
		return body, 0
	}
	for _, w := range []int{1, 2, 4} {
		if size := body + n*w; offsetSize(size) <= w {
			return size, w
		}
	}
	return body + n*8, 8
}
