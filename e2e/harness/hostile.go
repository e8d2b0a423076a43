//go:build factory

package harness

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sotabox/sotabox/factory"
	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// publishHostileCommand publishes a version that is signed and hashed as it
// should be, but whose root directory holds a file with a name that nobody may
// have, such as "../../outside".
func publishHostileCommand(ts *testscript.TestScript, args []string) {
	f := worldOf(ts).factory(ts)
	archive, err := repo.Open(f.OSTree())
	ts.Check(err)
	defer archive.Close()
	base, err := archive.ResolveRef(f.HardwareID)
	ts.Check(err)
	data, err := archive.Metadata(object.Name{Type: object.TypeCommit, Checksum: base})
	ts.Check(err)
	commit, err := object.ParseCommit(data)
	ts.Check(err)
	data, err = archive.Metadata(object.Name{Type: object.TypeDirTree, Checksum: commit.Tree})
	ts.Check(err)
	root, err := object.ParseDirTree(data)
	ts.Check(err)

	// Any content will do; the first symbolic link's is at hand.
	root.Files = append(root.Files, object.FileEntry{Name: args[1], Checksum: root.Files[0].Checksum})
	slices.SortFunc(root.Files, func(a, b object.FileEntry) int { return cmp.Compare(a.Name, b.Name) })
	commit.Tree = writeObject(ts, f.OSTree(), object.TypeDirTree, root.Marshal())
	hostile := writeObject(ts, f.OSTree(), object.TypeCommit, commit.Marshal())
	_, err = f.Publish(context.Background(), factory.Version{Number: number(ts, args[0]), Commit: hostile})
	ts.Check(err)
}

// writeObject stores metadata unseen; the repository would refuse it.
func writeObject(ts *testscript.TestScript, archive string, t object.Type, data []byte) object.Checksum {
	sum := object.Sum(data)
	hex := sum.String()
	path := filepath.Join(archive, "objects", hex[:2], hex[2:]+"."+t.String())
	ts.Check(os.MkdirAll(filepath.Dir(path), 0o755))
	ts.Check(os.WriteFile(path, data, 0o644))
	return sum
}
