package object

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object/gvariant"
)

// FuzzDirTree has both ways to read a dirtree agree.
func FuzzDirTree(f *testing.F) {
	f.Add((&DirTree{}).Marshal())
	f.Add((&DirTree{Files: []FileEntry{{"a", sum("a")}, {"c", sum("b")}}, Dirs: []DirEntry{{"b", sum("t"), sum("m")}}}).Marshal())
	f.Add((&DirTree{Files: []FileEntry{{"a", sum("a")}}, Dirs: []DirEntry{{"a", sum("t"), sum("m")}}}).Marshal())
	f.Fuzz(func(t *testing.T, data []byte) {
		tree, err := ParseDirTree(data)
		view, viewErr := ViewDirTree(data)
		require.Equal(t, err == nil, viewErr == nil)
		if err != nil {
			require.ErrorIs(t, err, ErrMalformed)
			return
		}
		require.NoError(t, tree.Validate())
		var same DirTree
		for name, c := range view.Files() {
			same.Files = append(same.Files, FileEntry{string(name), c})
		}
		for name, d := range view.Dirs() {
			same.Dirs = append(same.Dirs, DirEntry{string(name), d.Tree, d.Meta})
		}
		require.Equal(t, data, same.Marshal())
	})
}

// FuzzSummary reads the list of refs that a server has.
func FuzzSummary(f *testing.F) {
	f.Add([]byte{})
	_, err := ParseSummary(summarySample())
	require.NoError(f, err)
	f.Add(summarySample())
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := ParseSummary(data); err != nil {
			require.ErrorIs(t, err, ErrMalformed)
		}
	})
}

// summarySample has two refs.
func summarySample() []byte {
	refs, metadata := summaryType.Elem(0), []byte(nil)
	about := refs.Elem(0).Elem(1)
	var entries [][]byte
	for _, name := range []string{"device/main", "main"} {
		commit := sum(name)
		size := binary.LittleEndian.AppendUint64(nil, 300)
		entries = append(entries, gvariant.Tuple(refs.Elem(0), gvariant.String(name), gvariant.Tuple(about, size, commit[:], metadata)))
	}
	return gvariant.Tuple(summaryType, gvariant.Array(refs, entries...), metadata)
}
