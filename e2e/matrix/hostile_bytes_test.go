//go:build factory

package matrix

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/object/gvariant"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// TestHostileBytes has metadata that is no serialisation, or not the one there is.
func TestHostileBytes(t *testing.T) {
	var attacks []attack
	for what, damage := range map[string]func([]byte) []byte{
		"nothing":       func([]byte) []byte { return nil },
		"cut in half":   func(b []byte) []byte { return b[:len(b)/2] },
		"a byte short":  func(b []byte) []byte { return b[:len(b)-1] },
		"a byte long":   func(b []byte) []byte { return append(b, 0) },
		"a bad offset":  func(b []byte) []byte { b[len(b)-1] = 0xff; return b },
		"zeros":         func(b []byte) []byte { return make([]byte, len(b)) },
		"all ones":      func(b []byte) []byte { return []byte(strings.Repeat("\xff", len(b))) },
		"16 MB of ones": func([]byte) []byte { return []byte(strings.Repeat("\xff", object.MaxMetadataSize)) },
	} {
		var memory int64
		if what == "16 MB of ones" {
			memory = metadataMemory
		}
		attacks = append(attacks,
			attack{name: "commit of " + what, want: "corrupt", memory: memory, make: func(e *evil) object.Checksum {
				c := e.commitOf(e.holding("f", e.content(plainFile, "x")))
				return e.add(object.TypeCommit, damage(c.Marshal()))
			}},
			attack{name: "dirtree of " + what, want: "corrupt", memory: memory, make: func(e *evil) object.Checksum {
				t := e.holding("f", e.content(plainFile, "x"))
				c := e.commitOf(t)
				c.Tree = e.add(object.TypeDirTree, damage(t.Marshal()))
				return e.add(object.TypeCommit, c.Marshal())
			}},
			attack{name: "dirmeta of " + what, want: "corrupt", memory: memory, make: func(e *evil) object.Checksum {
				c := e.commitOf(object.DirTree{})
				m := object.DirMeta{Mode: object.ModeDir | 0o755, Xattrs: []object.Xattr{{Name: []byte("user.a"), Value: []byte("b")}}}
				c.Meta = e.add(object.TypeDirMeta, damage(m.Marshal()))
				return e.add(object.TypeCommit, c.Marshal())
			}})
	}
	mountAll(t, append(attacks,
		attack{name: "commit with an object of an unknown type in its metadata", want: "corrupt", make: func(e *evil) object.Checksum {
			c := e.commitOf(object.DirTree{})
			c.Metadata = object.CommitMetadata(map[string][]byte{"k": []byte("x\x00?")})
			return e.add(object.TypeCommit, c.Marshal())
		}},
		attack{name: "commit with a variant in a variant in a variant", want: "corrupt", make: func(e *evil) object.Checksum {
			deep, v := object.StringVariant("end"), gvariant.MustType("v")
			for range 100_000 {
				deep = gvariant.Variant(v, deep)
			}
			c := e.commitOf(object.DirTree{})
			c.Metadata = object.CommitMetadata(map[string][]byte{"k": deep})
			return e.add(object.TypeCommit, c.Marshal())
		}},
		attack{name: "commit with types of thousands of parts", want: accepted, memory: metadataMemory, make: func(e *evil) object.Checksum {
			entries := map[string][]byte{}
			for i := range sized(2000, 200) {
				entries[fmt.Sprint(i)] = append(make([]byte, 4001), "("+strings.Repeat("y", 4000)+")"...)
			}
			c := e.commitOf(object.DirTree{})
			c.Metadata = object.CommitMetadata(entries)
			return e.add(object.TypeCommit, c.Marshal())
		}},
		attack{name: "commit from beyond the end of time", want: "corrupt", make: func(e *evil) object.Checksum {
			c := e.commitOf(object.DirTree{})
			raw := c.Marshal()
			// The timestamp is the only number, aligned to 8: it is 1 here.
			at := strings.Index(string(raw), "\x00\x00\x00\x00\x00\x00\x00\x01")
			require.Positive(e.t, at)
			binary.BigEndian.PutUint64(raw[at:], math.MaxUint64)
			return e.add(object.TypeCommit, raw)
		}},
	))
}

// TestHostileSizes has content whose header lies about its size, or itself is too big.
func TestHostileSizes(t *testing.T) {
	// stored puts a content object under its right name in a wrong form.
	stored := func(e *evil, h object.FileHeader, data string, archived []byte) object.Checksum {
		c := contentName(h, data)
		e.put(object.TypeFile, c, archived)
		return e.commit(e.holding("f", c))
	}
	declared := func(size int64, data string) func(e *evil) object.Checksum {
		return func(e *evil) object.Checksum {
			return stored(e, plainFile, data, append(plainFile.MarshalArchive(size), deflated([]byte(data))...))
		}
	}
	framed := func(header []byte, length uint32) func(e *evil) object.Checksum {
		return func(e *evil) object.Checksum {
			b := binary.BigEndian.AppendUint32(nil, length)
			return stored(e, plainFile, "x", append(append(append(b, 0, 0, 0, 0), header...), deflated([]byte("x"))...))
		}
	}
	link := object.FileHeader{Mode: object.ModeSymlink | 0o777, Target: "target"}
	header := plainFile.MarshalArchive(1)[8:]
	attacks := []attack{
		{name: "a byte less than declared", want: "corrupt", make: declared(5, "data")},
		{name: "a byte more than declared", want: "corrupt", make: declared(3, "data")},
		{name: "nothing where something is declared", want: "corrupt", make: declared(1<<20, "")},
		{name: "something where nothing is declared", want: "corrupt", make: declared(0, "data")},
		{name: "an exabyte declared", want: "nospace", make: declared(1<<60, "data")},
		{name: "as much as a number holds declared", want: "nospace", make: declared(math.MaxInt64, "data")},
		{name: "a negative size declared", want: "corrupt", make: declared(-1, "data")},
		{name: "the most negative size declared", want: "corrupt", make: declared(math.MinInt64, "data")},
		{name: "bomb", want: "corrupt", make: func(e *evil) object.Checksum {
			zeros := strings.Repeat("\x00", 256<<20)
			return stored(e, plainFile, zeros, append(plainFile.MarshalArchive(1000), deflated([]byte(zeros))...))
		}},
		{name: "no deflate", want: "corrupt", make: func(e *evil) object.Checksum {
			return stored(e, plainFile, "x", append(plainFile.MarshalArchive(1), "\xff\xff\xff\xff"...))
		}},
		{name: "deflate without an end", want: "corrupt", make: func(e *evil) object.Checksum {
			whole := deflated([]byte("data"))
			return stored(e, plainFile, "data", append(plainFile.MarshalArchive(4), whole[:len(whole)-2]...))
		}},
		{name: "header of no bytes", want: "corrupt", make: framed(nil, 0)},
		{name: "header of 4 GB", want: "corrupt", make: framed(header, math.MaxUint32)},
		{name: "header beyond the end", want: "corrupt", make: framed(header, 1<<16)},
		{name: "header of half a header", want: "corrupt", make: framed(header, uint32(len(header)/2))},
		{name: "header over the limit", want: "corrupt", make: framed(make([]byte, 2<<20), 2<<20)},
		{name: "file with a target", want: "corrupt", make: func(e *evil) object.Checksum {
			return e.commit(e.holding("f", e.content(object.FileHeader{Mode: object.ModeRegular | 0o644, Target: "x"}, "x")))
		}},
		{name: "device number", want: "corrupt", make: func(e *evil) object.Checksum {
			raw := plainFile.MarshalArchive(1)
			raw[8+20+3] = 1 // size, uid, gid, mode, rdev
			return stored(e, plainFile, "x", append(raw, deflated([]byte("x"))...))
		}},
		{name: "dirtree over the limit", want: "corrupt", memory: metadataMemory, make: func(e *evil) object.Checksum {
			t := object.DirTree{}
			c := e.content(plainFile, "x")
			for i := range object.MaxMetadataSize/(240+40) + 1000 {
				t.Files = append(t.Files, object.FileEntry{Name: fmt.Sprintf("%0240d", i), Checksum: c})
			}
			return e.commit(t)
		}},
	}
	for what, target := range map[string]string{
		"nowhere": "", "a zero byte": "a\x00b", "4096 bytes": strings.Repeat("t", 4096), "no UTF-8": "\xff\xfe",
	} {
		attacks = append(attacks, attack{name: "link to " + what, want: "corrupt", make: func(e *evil) object.Checksum {
			return e.commit(e.holding("l", e.content(object.FileHeader{Mode: link.Mode, Target: target}, "")))
		}})
	}
	mountAll(t, attacks)
}

// TestHostileSizesEverywhere has what concerns all kinds of destination.
func TestHostileSizesEverywhere(t *testing.T) {
	modes := []repo.Mode{repo.BareUser, repo.BareUserOnly, repo.Archive}
	mountAll(t, []attack{
		{name: "bomb", want: "corrupt", modes: modes[:2], make: func(e *evil) object.Checksum {
			zeros := strings.Repeat("\x00", 64<<20)
			c := contentName(plainFile, zeros)
			e.put(object.TypeFile, c, append(plainFile.MarshalArchive(1000), deflated([]byte(zeros))...))
			return e.commit(e.holding("f", c))
		}},
		{name: "wrong content", want: "corrupt", modes: modes, make: func(e *evil) object.Checksum {
			good, bad := e.content(plainFile, "good"), e.content(plainFile, "evil")
			data, err := os.ReadFile(e.file(object.TypeFile, bad))
			require.NoError(e.t, err)
			e.put(object.TypeFile, good, data)
			return e.commit(e.holding("f", good))
		}},
		{name: "link with data behind", want: "corrupt", local: accepted, modes: modes, make: func(e *evil) object.Checksum {
			h := object.FileHeader{Mode: object.ModeSymlink | 0o777, Target: "target"}
			c := contentName(h, "")
			e.put(object.TypeFile, c, append(h.MarshalArchive(0), deflated([]byte("data"))...))
			return e.commit(e.holding("l", c))
		}},
	})
}
