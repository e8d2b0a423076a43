//go:build factory

package matrix

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

func attrs(pairs ...string) (list []object.Xattr) {
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, object.Xattr{Name: []byte(pairs[i]), Value: []byte(pairs[i+1])})
	}
	return list
}

// withAttrs is a file with attributes.
func withAttrs(pairs ...string) func(e *evil) object.Checksum {
	return func(e *evil) object.Checksum {
		h := plainFile
		h.Xattrs = attrs(pairs...)
		return e.commit(e.holding("f", e.content(h, "x")))
	}
}

// TestHostileAttributes has what no kind of repository takes, and what looks like it.
func TestHostileAttributes(t *testing.T) {
	var many []string
	for i := range 2000 {
		many = append(many, fmt.Sprintf("user.%05d", i), "x")
	}
	mountAll(t, []attack{
		{name: "attribute without a name", want: "corrupt", make: withAttrs("", "x")},
		{name: "attribute with a zero byte", want: "corrupt", make: withAttrs("user.a\x00b", "x")},
		{name: "attribute with a long name", want: "corrupt", make: withAttrs("user."+strings.Repeat("n", 255), "x")},
		{name: "attribute twice", want: "corrupt", make: withAttrs("user.a", "x", "user.a", "y")},
		{name: "attributes out of order", want: "corrupt", make: withAttrs("user.b", "x", "user.a", "y")},
		{name: "attribute larger than any", want: "corrupt", make: withAttrs("user.a", strings.Repeat("x", 1<<16+1))},
		{name: "directory with an attribute twice", want: "corrupt", make: func(e *evil) object.Checksum {
			c := e.commitOf(object.DirTree{})
			m := object.DirMeta{Mode: object.ModeDir | 0o755, Xattrs: attrs("user.a", "x", "user.a", "x")}
			c.Meta = e.add(object.TypeDirMeta, m.Marshal())
			return e.add(object.TypeCommit, c.Marshal())
		}},
		{name: "attribute of the repository's own", want: accepted, make: withAttrs("user.ostreemeta", "garbage")},
		{name: "many attributes", want: accepted, modes: []repo.Mode{repo.Archive}, make: withAttrs(many...)},
	})
}
