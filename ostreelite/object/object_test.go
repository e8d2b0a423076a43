package object

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object/gvariant"
)

func sum(s string) Checksum { return Sum([]byte(s)) }

func TestParseChecksum(t *testing.T) {
	c := sum("x")
	got, err := ParseChecksum(c.String())
	require.NoError(t, err)
	require.Equal(t, c, got)
	for _, bad := range []string{"", "00", strings.ToUpper(c.String()), c.String() + "0", strings.Repeat("g", 64), "../" + c.String()[3:]} {
		_, err := ParseChecksum(bad)
		require.ErrorIs(t, err, ErrMalformed, bad)
	}
}

// The checksums here are libostree's, of objects it made.
func TestKnownChecksums(t *testing.T) {
	root := DirMeta{Mode: ModeDir | 0o755}
	require.Equal(t, "446a0ef11b7cc167f3b603e585c7eeeeb675faa412d5ec73f62988eb0b6c5488", Sum(root.Marshal()).String())
	empty := DirTree{}
	require.Equal(t, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d", Sum(empty.Marshal()).String())
}

func commits() map[string]*Commit {
	return map[string]*Commit{
		"first": {Timestamp: time.Unix(0, 0).UTC(), Tree: sum("t"), Meta: sum("m"), Metadata: []byte{}},
		"full": {
			Metadata: CommitMetadata(map[string][]byte{
				"version":            StringVariant("42"),
				"ostree.ref-binding": StringsVariant("main", "other"),
			}),
			Parent: sum("p"), Subject: "subject", Body: strings.Repeat("body\n", 100),
			Related:   []FileEntry{{"rel", sum("r")}},
			Timestamp: time.Unix(1700000000, 0).UTC(), Tree: sum("t"), Meta: sum("m"),
		},
	}
}

func TestCommitRoundTrip(t *testing.T) {
	for name, c := range commits() {
		got, err := ParseCommit(c.Marshal())
		require.NoError(t, err, name)
		require.Equal(t, c, got, name)
	}
	v, ok := commits()["full"].Lookup("version")
	require.True(t, ok)
	require.Equal(t, "42", v.Str())
	v, ok = commits()["full"].Lookup("ostree.ref-binding")
	require.True(t, ok)
	require.Equal(t, "other", v.At(1).Str())
	_, ok = commits()["full"].Lookup("none")
	require.False(t, ok)
}

func TestDirTreeRoundTrip(t *testing.T) {
	var big DirTree
	for i := range 3000 { // needs four-byte offsets
		big.Files = append(big.Files, FileEntry{fmt.Sprintf("f%05d", i), sum(fmt.Sprint(i))})
	}
	for _, tree := range []*DirTree{
		{Files: []FileEntry{}, Dirs: []DirEntry{}},
		{Files: []FileEntry{{"a", sum("a")}, {"b c", sum("b")}, {"ü", sum("u")}}, Dirs: []DirEntry{{"aa", sum("t"), sum("m")}}},
		{Files: big.Files, Dirs: []DirEntry{}},
	} {
		got, err := ParseDirTree(tree.Marshal())
		require.NoError(t, err)
		require.Equal(t, tree, got)
	}
}

func TestDirTreeRefusesNames(t *testing.T) {
	file := func(names ...string) (files []FileEntry) {
		for _, n := range names {
			files = append(files, FileEntry{n, sum(n)})
		}
		return files
	}
	dir := func(names ...string) (dirs []DirEntry) {
		for _, n := range names {
			dirs = append(dirs, DirEntry{n, sum(n), sum("m")})
		}
		return dirs
	}
	for name, tree := range map[string]DirTree{
		"dot":               {Files: file(".")},
		"dot dot":           {Files: file("..")},
		"dot dot directory": {Dirs: dir("..")},
		"empty":             {Files: file("")},
		"slash":             {Dirs: dir("a/b")},
		"absolute":          {Files: file("/etc")},
		"zero byte":         {Files: file("a\x00b")},
		"not UTF-8":         {Files: file("a\xff")},
		"too long":          {Files: file(strings.Repeat("n", 256))},
		"unsorted files":    {Files: file("b", "a")},
		"unsorted dirs":     {Dirs: dir("b", "a")},
		"twice a file":      {Files: file("a", "a")},
		"twice a directory": {Dirs: dir("a", "a")},
		"file and dir":      {Files: file("a", "b", "c"), Dirs: dir("aa", "b")},
	} {
		_, err := ParseDirTree(tree.Marshal())
		require.ErrorIs(t, err, ErrMalformed, name)
	}
}

func headers() []*FileHeader {
	return []*FileHeader{
		{Mode: ModeRegular | 0o644},
		{Mode: ModeRegular | 0o4755, UID: 1000, GID: 1 << 31},
		{Mode: ModeSymlink | 0o777, Target: "../target"},
		{Mode: ModeRegular, Xattrs: []Xattr{{[]byte("security.capability"), []byte{1, 0, 0, 2}}, {[]byte("user.big"), bytes.Repeat([]byte("x"), 3000)}}},
	}
}

func TestFileHeaderRoundTrip(t *testing.T) {
	for _, h := range headers() {
		got, err := ParseFileHeader(h.Marshal())
		require.NoError(t, err)
		require.Equal(t, h, got)
		got, err = ReadStreamHeader(bytes.NewReader(h.MarshalStream()))
		require.NoError(t, err)
		require.Equal(t, h, got)
		r := bytes.NewReader(append(h.MarshalArchive(5), "data"...))
		got, size, err := ReadArchiveHeader(r)
		require.NoError(t, err)
		require.Equal(t, h, got)
		require.Equal(t, 4, r.Len())
		if !h.IsSymlink() {
			require.EqualValues(t, 5, size)
		}
		meta, err := ParseMeta(h.MarshalMeta())
		require.NoError(t, err)
		meta.Target = h.Target
		require.Equal(t, h, meta)
	}
}

func TestFileHeaderRefuses(t *testing.T) {
	attr := func(names ...string) (list []Xattr) {
		for _, n := range names {
			list = append(list, Xattr{[]byte(n), []byte("v")})
		}
		return list
	}
	const reg, link = ModeRegular | 0o644, ModeSymlink | 0o777
	for name, h := range map[string]FileHeader{
		"directory":       {Mode: ModeDir | 0o755},
		"device":          {Mode: 0o060644},
		"fifo":            {Mode: 0o010644},
		"no type":         {Mode: 0o644},
		"extra bits":      {Mode: 1<<20 | reg},
		"target of file":  {Mode: reg, Target: "x"},
		"link to nowhere": {Mode: link},
		"long target":     {Mode: link, Target: strings.Repeat("x", 4096)},
		"unsorted xattrs": {Mode: reg, Xattrs: attr("user.b", "user.a")},
		"xattr twice":     {Mode: reg, Xattrs: attr("user.a", "user.a")},
		"unnamed xattr":   {Mode: reg, Xattrs: attr("")},
		"xattr zero byte": {Mode: reg, Xattrs: attr("user.\x00a")},
		"huge xattr":      {Mode: reg, Xattrs: []Xattr{{[]byte("user.a"), make([]byte, 1<<16+1)}}},
	} {
		_, err := ParseFileHeader(h.Marshal())
		require.ErrorIs(t, err, ErrMalformed, name)
	}
	dev := gvariant.Tuple(headerType, be32(0), be32(0), be32(reg), be32(1), gvariant.String(""), nil)
	_, err := ParseFileHeader(dev)
	require.ErrorIs(t, err, ErrMalformed)
}

func TestDirMetaRefusesFiles(t *testing.T) {
	d := DirMeta{Mode: ModeDir | 0o1777, UID: 3, Xattrs: []Xattr{{[]byte("user.a"), []byte("b")}}}
	got, err := ParseDirMeta(d.Marshal())
	require.NoError(t, err)
	require.Equal(t, &d, got)
	for _, mode := range []uint32{ModeRegular | 0o755, ModeSymlink | 0o777, 0o755, 1<<16 | ModeDir} {
		_, err := ParseDirMeta((&DirMeta{Mode: mode}).Marshal())
		require.ErrorIs(t, err, ErrMalformed)
	}
}

// Whatever is cut off, added or changed, what is accepted has one serialisation.
func TestDamagedObjectsAreRefusedOrCanonical(t *testing.T) {
	tree := DirTree{Files: []FileEntry{{"a", sum("a")}}, Dirs: []DirEntry{{"d", sum("t"), sum("m")}}}
	for name, data := range map[string][]byte{
		"commit": commits()["full"].Marshal(), "dirtree": tree.Marshal(), "header": headers()[3].Marshal(),
	} {
		for i := range data {
			requireCanonical(t, data[:i])
			for _, flip := range []byte{1, 0x80, 0xff} {
				damaged := bytes.Clone(data)
				damaged[i] ^= flip
				requireCanonical(t, damaged)
			}
		}
		requireCanonical(t, append(bytes.Clone(data), 0))
		require.NotEmpty(t, data, name)
	}
}

func requireCanonical(t *testing.T, data []byte) {
	t.Helper()
	if c, err := ParseCommit(data); err == nil {
		require.Equal(t, data, c.Marshal())
	}
	if d, err := ParseDirTree(data); err == nil {
		require.Equal(t, data, d.Marshal())
	}
	if d, err := ParseDirMeta(data); err == nil {
		require.Equal(t, data, d.Marshal())
	}
	if h, err := ParseFileHeader(data); err == nil {
		require.Equal(t, data, h.Marshal())
	}
	if h, err := ParseMeta(data); err == nil {
		require.Equal(t, data, h.MarshalMeta())
	}
	r := bytes.NewReader(data)
	if h, size, err := ReadArchiveHeader(r); err == nil && !h.IsSymlink() {
		require.Equal(t, data[:len(data)-r.Len()], h.MarshalArchive(size))
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range commits() {
		f.Add(c.Marshal())
	}
	f.Add((&DirTree{Files: []FileEntry{{"a", sum("a")}, {"b", sum("b")}}, Dirs: []DirEntry{{"d", sum("t"), sum("m")}}}).Marshal())
	f.Add((&DirMeta{Mode: ModeDir | 0o755}).Marshal())
	for _, h := range headers() {
		f.Add(h.Marshal())
		f.Add(h.MarshalMeta())
		f.Add(h.MarshalArchive(1))
	}
	f.Fuzz(requireCanonical)
}

func TestDirTreeViewTakesNoMemory(t *testing.T) {
	tree := &DirTree{}
	for i := range 20000 {
		tree.Files = append(tree.Files, FileEntry{Name: fmt.Sprintf("file-%06d", i), Checksum: Checksum{byte(i)}})
	}
	tree.Dirs = []DirEntry{{Name: "z", Tree: Checksum{1}, Meta: Checksum{2}}}
	data := tree.Marshal()
	files := 0
	require.Less(t, testing.AllocsPerRun(1, func() {
		v, err := ViewDirTree(data)
		if err != nil {
			t.Error(err)
		}
		files = 0
		for name, c := range v.Files() {
			if len(name) != 11 || c != tree.Files[files].Checksum {
				t.Errorf("file %q", name)
			}
			files++
		}
		for name, d := range v.Dirs() {
			if string(name) != "z" || d != (Subdir{Checksum{1}, Checksum{2}}) {
				t.Errorf("directory %q", name)
			}
		}
	}), 20.0)
	require.Equal(t, 20000, files)
}
