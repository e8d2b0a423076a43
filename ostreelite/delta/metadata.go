package delta

import (
	"bytes"
	"strconv"
	"strings"
)

// The byte orders that superblocks are in ("ostree.endianness").
const (
	littleEndian = 'l'
	bigEndian    = 'B'
)

// metadata is what the dictionary in a superblock says.
type metadata struct {
	order byte         // 0 if it does not say
	parts map[int]view // those in the superblock, by number
}

// metadata reads the dictionary. Other keys, such as the commit's detached
// metadata, are nobody's business here.
func (s *superblock) metadata(v view) metadata {
	m := metadata{parts: map[int]view{}}
	dir := Dir(s.from, s.to) + "/"
	each(v, maxEntries, entryType, func(_, _ int, e []view) {
		key := string(bytes.TrimSuffix(e[0].bytes(maxKey), []byte{0}))
		value, typ := variant(e[1])
		if key == "ostree.endianness" && typ == "y" {
			if m.order = value.byte(); m.order != littleEndian && m.order != bigEndian {
				v.fail(malformed("unknown byte order"))
			}
		}
		if number, ok := strings.CutPrefix(key, dir); ok && typ == "(yay)" {
			if n, err := strconv.Atoi(number); err == nil {
				m.parts[n] = value
			}
		}
	})
	return m
}

// variant takes a variant apart: the value, a zero byte and the type.
func variant(v view) (value view, typ string) {
	end := v.sub(max(v.size-maxKey, 0), v.size).bytes(maxKey)
	zero := bytes.LastIndexByte(end, 0)
	if zero < 0 {
		v.fail(malformed("variant without a type"))
		return view{file: v.file}, ""
	}
	return v.sub(0, v.size-int64(len(end)-zero)), string(end[zero+1:])
}
