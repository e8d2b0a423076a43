//go:build factory

package matrix

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// memoryLimit is the most that a pull may have resident, in bytes.
const memoryLimit int64 = 24_000_000

// load is a commit that could make a pull take much memory.
type load struct {
	name string
	make func(e *evil) object.Checksum
}

// crowded is the load that takes the most.
const crowded = "many files in a directory"

func loads() []load {
	return []load{
		{"many directories", func(e *evil) object.Checksum { return e.commit(e.spread(sized(100_000, 4_000))) }},
		{crowded, func(e *evil) object.Checksum { return e.commit(e.crowd(sized(100_000, 20_000))) }},
		{"large files", func(e *evil) object.Checksum {
			t := object.DirTree{}
			for i := range 12 {
				c := e.content(plainFile, strings.Repeat(noise(1<<17+i), sized(512, 64)))
				t.Files = append(t.Files, object.FileEntry{Name: fmt.Sprintf("%03d", i), Checksum: c})
			}
			return e.commit(t)
		}},
	}
}

// spread is many files, a few in each of many directories, all different.
func (e *evil) spread(files int) object.DirTree {
	e.t.Helper()
	root, meta := object.DirTree{}, e.dirmeta()
	for d := range files / 20 {
		t := object.DirTree{}
		for f := range 20 {
			c := e.content(plainFile, fmt.Sprint(d, f))
			t.Files = append(t.Files, object.FileEntry{Name: fmt.Sprintf("file-%02d", f), Checksum: c})
		}
		root.Dirs = append(root.Dirs, object.DirEntry{Name: fmt.Sprintf("directory-%06d", d), Tree: e.tree(t), Meta: meta})
	}
	return root
}

// crowd is many files in one directory, of which few differ.
func (e *evil) crowd(files int) object.DirTree {
	e.t.Helper()
	var t object.DirTree
	var contents [200]object.Checksum
	for i := range contents {
		contents[i] = e.content(plainFile, fmt.Sprint(i))
	}
	for i := range files {
		t.Files = append(t.Files, object.FileEntry{Name: fmt.Sprintf("file-of-a-common-name-%06d", i), Checksum: contents[i%len(contents)]})
	}
	return t
}

// destination is the mode that a device of the user who runs the test has.
func destination() repo.Mode {
	if isRoot {
		return repo.Bare
	}
	return repo.BareUser
}

// TestMemory measures what pulls of honest commits take.
func TestMemory(t *testing.T) {
	puller := buildPuller(t, "")
	for _, l := range loads() {
		e := newEvil(t)
		c := l.make(e)
		for name, source := range map[string]string{"http": serve(t, e.path, nil), "local": e.path} {
			t.Run(l.name+" "+name, func(t *testing.T) {
				r := ourRepo(t, destination())
				o := run(t, 10*time.Minute, puller, r.Path(), c.String(), source)
				t.Log(o)
				require.Zero(t, o.code, o)
				require.LessOrEqual(t, o.peak, memoryLimit)
				require.NoError(t, os.RemoveAll(r.Path()))
			})
		}
	}
}
