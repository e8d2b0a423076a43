//go:build factory

package matrix

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// accepted is the class of what is strange and harmless.
const accepted = "accepted"

// attack is a repository and what is to come of pulling its commit.
type attack struct {
	name string
	make func(e *evil) object.Checksum
	// want is the class of the error, as puller prints it, or several; local, if
	// not empty, that of a local pull.
	want, local string
	// modes are those of the destination, by default the one that takes most.
	modes []repo.Mode
	// memory is the most that it may have resident if it is more than memoryLimit.
	memory int64
}

// metadataMemory is what metadata of the largest size that is accepted takes, in bytes:
// it is held in memory, and so is what is read of it.
const metadataMemory = 40_000_000

// tookLimit is how long any attack may keep a pull busy.
const tookLimit = 20 * time.Second

// mount pulls by way of both kinds of pull, in a process of its own, and demands
// that nothing comes of it but an error.
func (a attack) mount(t *testing.T, puller string) {
	modes := a.modes
	if modes == nil {
		modes = []repo.Mode{repo.BareUser}
		if isRoot {
			modes = []repo.Mode{repo.Bare}
		}
	}
	e := newEvil(t)
	c := a.make(e)
	for _, mode := range modes {
		t.Run(a.name+" into "+mode.String(), func(t *testing.T) {
			a.requireHarmless(t, puller, mode, c, serve(t, e.path, nil), a.want)
		})
		t.Run(a.name+" locally into "+mode.String(), func(t *testing.T) {
			want := a.want
			if a.local != "" {
				want = a.local
			}
			a.requireHarmless(t, puller, mode, c, e.path, want)
		})
	}
}

// requireHarmless pulls c from source into a repository beside which is a guard, and
// demands the class of error that is wanted, within bounds, and no trace of it.
func (a attack) requireHarmless(t *testing.T, puller string, mode repo.Mode, c object.Checksum, source, want string) {
	t.Helper()
	base := t.TempDir()
	newMaker(t, base).file("guard", "untouched", 0o600)
	path := filepath.Join(base, "repo")
	r, err := repo.Create(path, mode)
	require.NoError(t, err)
	defer r.Close()
	before := describe(t, base)

	o := run(t, tookLimit, puller, path, c.String(), source)
	t.Log(o)
	require.Contains(t, strings.Split(want, "|"), o.class, o)
	require.LessOrEqual(t, o.peak, max(memoryLimit, a.memory), o)
	requireTidy(t, before, describe(t, base))
	ostree(t, "--repo="+path, "fsck", "--quiet")
	if want == accepted {
		require.Zero(t, o.code)
		report, err := r.Fsck(context.Background())
		require.NoError(t, err)
		require.Empty(t, report.Problems)
		return
	}
	require.NotContains(t, o.text, "\n")
	have, err := r.Has(object.Name{Type: object.TypeCommit, Checksum: c})
	require.NoError(t, err)
	require.False(t, have)
	refs, err := r.Refs()
	require.NoError(t, err)
	require.Empty(t, refs)
	pruned, err := r.Prune(context.Background())
	require.NoError(t, err)
	require.Zero(t, pruned.Kept)
}

// requireTidy demands that nothing but the places for it in the repository changed.
func requireTidy(t *testing.T, before, after map[string]string) {
	t.Helper()
	for _, side := range []map[string]string{before, after} {
		maps.DeleteFunc(side, func(path, _ string) bool {
			return slices.ContainsFunc([]string{"objects", "refs", "state", "tmp", ".lock"}, func(d string) bool {
				return strings.HasPrefix(path, "./repo/"+d)
			})
		})
	}
	requireSameTree(t, before, after)
}

func mountAll(t *testing.T, attacks []attack) {
	puller := buildPuller(t, "")
	for _, a := range attacks {
		a.mount(t, puller)
	}
}

func TestHostileNames(t *testing.T) {
	var attacks []attack
	for what, name := range map[string]string{
		"nothing": "", "dot": ".", "dot dot": "..", "a path": "a/b", "a path upwards": "../../guard", "an absolute path": "/guard",
		"a zero byte": "a\x00b", "256 bytes": strings.Repeat("n", 256), "no UTF-8": "\xff",
		"a megabyte": strings.Repeat("n", 1<<20),
	} {
		attacks = append(attacks,
			attack{name: "file named " + what, want: "corrupt", make: func(e *evil) object.Checksum {
				return e.commit(e.holding(name, e.content(plainFile, "x")))
			}},
			attack{name: "directory named " + what, want: "corrupt", make: func(e *evil) object.Checksum {
				return e.commit(e.holdingDir(name))
			}})
	}
	mountAll(t, append(attacks,
		attack{name: "link and directory of one name", want: "corrupt", make: func(e *evil) object.Checksum {
			// Who makes both writes through the link.
			t := e.holdingDir("a")
			t.Files = e.holding("a", e.content(object.FileHeader{Mode: object.ModeSymlink | 0o777, Target: ".."}, "")).Files
			return e.commit(t)
		}},
		attack{name: "directories out of order", want: "corrupt", make: func(e *evil) object.Checksum {
			return e.commit(object.DirTree{Dirs: append(e.holdingDir("b").Dirs, e.holdingDir("a").Dirs...)})
		}},
		attack{name: "directories of one name", want: "corrupt", make: func(e *evil) object.Checksum {
			return e.commit(object.DirTree{Dirs: append(e.holdingDir("a").Dirs, e.holdingDir("a").Dirs...)})
		}},
		attack{name: "bad name deep down", want: "corrupt", make: func(e *evil) object.Checksum {
			t := e.holding("..", e.content(plainFile, "x"))
			for range 100 {
				t = object.DirTree{Dirs: []object.DirEntry{{Name: "d", Tree: e.tree(t), Meta: e.dirmeta()}}}
			}
			return e.commit(t)
		}},
	))
}

func TestHostileKinds(t *testing.T) {
	attacks := []attack{
		{name: "dirmeta as dirtree", want: "corrupt", make: func(e *evil) object.Checksum {
			d := e.holdingDir("d")
			d.Dirs[0].Tree = e.add(object.TypeDirTree, (&object.DirMeta{Mode: object.ModeDir | 0o755}).Marshal())
			return e.commit(d)
		}},
		{name: "dirtree as dirmeta", want: "corrupt", make: func(e *evil) object.Checksum {
			d := e.holdingDir("d")
			d.Dirs[0].Meta = e.add(object.TypeDirMeta, (&object.DirTree{}).Marshal())
			return e.commit(d)
		}},
		{name: "commit as root", want: "corrupt", make: func(e *evil) object.Checksum {
			c := e.commitOf(object.DirTree{})
			raw := c.Marshal()
			c.Tree = e.add(object.TypeDirTree, raw)
			return e.add(object.TypeCommit, c.Marshal())
		}},
		{name: "dirtree as commit", want: "corrupt", make: func(e *evil) object.Checksum {
			return e.add(object.TypeCommit, (&object.DirTree{}).Marshal())
		}},
		{name: "directory as file", want: "notfound", make: func(e *evil) object.Checksum {
			return e.commit(e.holding("f", e.tree(object.DirTree{})))
		}},
		{name: "dirtree stored as file", want: "corrupt", make: func(e *evil) object.Checksum {
			raw := (&object.DirTree{}).Marshal()
			e.put(object.TypeFile, object.Sum(raw), raw)
			return e.commit(e.holding("f", object.Sum(raw)))
		}},
		{name: "file as directory", want: "notfound", make: func(e *evil) object.Checksum {
			d := e.holdingDir("d")
			d.Dirs[0].Tree = e.content(plainFile, "x")
			return e.commit(d)
		}},
	}
	for what, mode := range map[string]uint32{
		"pipe": 0o010644, "character device": 0o020666, "block device": 0o060660, "directory": 0o040755, "socket": 0o140755,
		"nothing": 0o644, "a bit too many": 1<<20 | 0o100644, "all bits": 1<<32 - 1,
	} {
		attacks = append(attacks, attack{name: "content that is a " + what, want: "corrupt", make: func(e *evil) object.Checksum {
			return e.commit(e.holding("f", e.content(object.FileHeader{Mode: mode}, "")))
		}}, attack{name: "directory that is a " + what, want: "corrupt", make: func(e *evil) object.Checksum {
			if mode == 0o040755 {
				mode = 0o100755
			}
			d := e.holdingDir("d")
			d.Dirs[0].Meta = e.add(object.TypeDirMeta, (&object.DirMeta{Mode: mode}).Marshal())
			return e.commit(d)
		}})
	}
	mountAll(t, attacks)
}

func TestHostileSubstitutes(t *testing.T) {
	mountAll(t, []attack{
		{name: "older commit than asked for", want: "corrupt", make: func(e *evil) object.Checksum {
			older, newer := e.commitOf(object.DirTree{}), e.commitOf(e.holding("new", e.content(plainFile, "new")))
			newer.Parent, newer.Timestamp = e.add(object.TypeCommit, older.Marshal()), time.Unix(2, 0)
			asked := object.Sum(newer.Marshal())
			e.put(object.TypeCommit, asked, older.Marshal())
			return asked
		}},
		{name: "other dirtree", want: "corrupt", make: func(e *evil) object.Checksum {
			c := e.commitOf(e.holding("f", e.content(plainFile, "x")))
			e.put(object.TypeDirTree, c.Tree, (&object.DirTree{}).Marshal())
			return e.add(object.TypeCommit, c.Marshal())
		}},
		{name: "other dirmeta", want: "corrupt", make: func(e *evil) object.Checksum {
			c := e.commitOf(object.DirTree{})
			e.put(object.TypeDirMeta, c.Meta, (&object.DirMeta{Mode: object.ModeDir | 0o777}).Marshal())
			return e.add(object.TypeCommit, c.Marshal())
		}},
		{name: "other content", want: "corrupt", make: func(e *evil) object.Checksum {
			good, bad := e.content(plainFile, "good"), e.content(plainFile, "evil")
			data, err := os.ReadFile(e.file(object.TypeFile, bad))
			require.NoError(e.t, err)
			e.put(object.TypeFile, good, data)
			return e.commit(e.holding("f", good))
		}},
		{name: "same content, set-user-ID", want: "corrupt", make: func(e *evil) object.Checksum {
			good := e.content(plainFile, "same")
			data, err := os.ReadFile(e.file(object.TypeFile, e.content(object.FileHeader{Mode: object.ModeRegular | 0o4755}, "same")))
			require.NoError(e.t, err)
			e.put(object.TypeFile, good, data)
			return e.commit(e.holding("f", good))
		}},
		{name: "no such commit", want: "notfound", make: func(*evil) object.Checksum { return object.Sum([]byte("none")) }},
	})
}
