package delta

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"
)

// metadata is what the dictionary in a superblock says.
type metadata struct {
	order binary.ByteOrder // nil if it does not say
	parts map[int]*view    // those in the superblock, by number
}

// metadata reads the dictionary. Other keys, such as the commit's detached
// metadata, are nobody's business here.
func (s *superblock) metadata(v view) (metadata, error) {
	m := metadata{parts: map[int]*view{}}
	l, err := v.list(8)
	if err != nil {
		return m, err
	}
	if l.n > maxEntries {
		return m, malformed("%d entries of metadata", l.n)
	}
	dir := Dir(s.from, s.to) + "/"
	for i := range l.n {
		key, value, typ, err := entry(l, i)
		if err != nil {
			return m, err
		}
		if key == "ostree.endianness" && typ == "y" {
			if m.order, err = byteOrder(value); err != nil {
				return m, err
			}
		}
		if number, ok := strings.CutPrefix(key, dir); ok && typ == "(yay)" {
			if n, err := strconv.Atoi(number); err == nil && n >= 0 && n < maxParts {
				m.parts[n] = &value
			}
		}
	}
	return m, nil
}

func byteOrder(v view) (binary.ByteOrder, error) {
	var b [1]byte
	if err := v.read(b[:], 0); err != nil {
		return nil, err
	}
	switch b[0] {
	case 'l':
		return binary.LittleEndian, nil
	case 'B':
		return binary.BigEndian, nil
	}
	return nil, malformed("byte order %q", b[:])
}

// entry reads an entry of a dictionary: the key, the value and its type.
func entry(l list, i int64) (key string, value view, typ string, err error) {
	e, err := l.at(i)
	if err != nil {
		return "", view{}, "", err
	}
	m, err := e.tuple(entryType...)
	if err != nil {
		return "", view{}, "", err
	}
	raw, err := m[0].bytes(maxKey)
	if err != nil {
		return "", view{}, "", err
	}
	// A variant is the value, a zero byte and the type.
	v := m[1]
	tail, err := v.sub(max(v.size-maxKey, 0), v.size)
	if err != nil {
		return "", view{}, "", err
	}
	end, err := tail.bytes(maxKey)
	if err != nil {
		return "", view{}, "", err
	}
	zero := bytes.LastIndexByte(end, 0)
	if zero < 0 {
		return "", view{}, "", malformed("variant without a type")
	}
	value, err = v.sub(0, v.size-int64(len(end)-zero))
	return string(bytes.TrimSuffix(raw, []byte{0})), value, string(end[zero+1:]), err
}
