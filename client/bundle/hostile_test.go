package bundle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

func fdName(f *os.File) string { return strconv.Itoa(int(f.Fd())) }

func TestHostileArchives(t *testing.T) {
	f := newFixture(t)
	special := func(typ byte, name, link string) file {
		return file{header: &tar.Header{Typeflag: typ, Name: name, Linkname: link, Mode: 0o644}}
	}
	files := slices.Clone(f.files)
	filez := f.files[f.index(t, ".filez")]
	for name, c := range map[string]struct {
		extra file
		says  string
	}{
		"path up":            {file{name: "tuf/../../../../tmp/evil", data: "x"}, "has an entry named"},
		"path up at the end": {file{name: "ostree_repo/objects/..", data: "x"}, "has an entry named"},
		"absolute path":      {file{name: "/etc/passwd", data: "x"}, "has an entry named"},
		"double slash":       {file{name: "tuf//4.root.json", data: "x"}, "has an entry named"},
		"no text":            {file{name: "tuf/\xff.json", data: "x"}, "has an entry named"},
		"symbolic link":      {special(tar.TypeSymlink, "tuf", "/etc"), "neither a file nor a directory"},
		"link to a document": {special(tar.TypeSymlink, "tuf/4.root.json", "/etc/passwd"), "neither a file nor a directory"},
		"hard link":          {special(tar.TypeLink, "tuf/4.root.json", "tuf/3.root.json"), "neither a file nor a directory"},
		"object link":        {special(tar.TypeSymlink, filez.name, "/etc/passwd"), "neither a file nor a directory"},
		"device":             {special(tar.TypeBlock, "dev", ""), "neither a file nor a directory"},
		"named pipe":         {special(tar.TypeFifo, "README2", ""), "neither a file nor a directory"},
		"document twice":     {file{name: "./tuf/3.root.json", data: "another"}, "twice"},
		"bare object":        {file{name: strings.TrimSuffix(filez.name, "z"), data: "x"}, "archive mode"},
	} {
		t.Run(name, func(t *testing.T) {
			packed := tarOf(t, append(files, c.extra)...)
			device := newDevice(t)
			_, err := pullFrom(t, saved(t, packed), device, f.commit)
			require.ErrorIs(t, err, ErrMalformed)
			require.ErrorContains(t, err, c.says)
			requireUntouched(t, device)

			b, err := Open(t.Context(), Stdin, bytes.NewReader(packed))
			if err == nil {
				_, err = b.Pull(t.Context(), device, PullOptions{Commit: f.commit})
			}
			require.ErrorIs(t, err, ErrMalformed)
			requireNotWhole(t, device, f.commit)
		})
	}
}

// requireUntouched demands that a repository has no objects.
func requireUntouched(t *testing.T, r *repo.Repo) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(r.Path(), "objects/*/*"))
	require.NoError(t, err)
	require.Empty(t, found)
}

func TestStreamsHaveMetadataFirst(t *testing.T) {
	f := newFixture(t)
	late := append(f.without("3.root"), f.files[f.index(t, "3.root")])
	b, err := Open(t.Context(), Stdin, bytes.NewReader(tarOf(t, late...)))
	require.NoError(t, err)
	device := newDevice(t)
	_, err = b.Pull(t.Context(), device, PullOptions{Commit: f.commit})
	require.ErrorContains(t, err, "must come before")
	requireNotWhole(t, device, f.commit)

	_, err = Open(t.Context(), Stdin, bytes.NewReader(tarOf(t, f.without("tuf/")...)))
	require.ErrorIs(t, err, ErrMalformed)
	require.ErrorContains(t, err, "must come before")
}

func TestDamage(t *testing.T) {
	f := newFixture(t)
	packed := tarOf(t, f.files...)
	for name, whole := range map[string][]byte{"tar": packed, "gzip": gzipOf(t, packed), "zstd": zstdOf(t, packed)} {
		t.Run(name, func(t *testing.T) {
			device := newDevice(t)
			for i := range 60 {
				// Behind the objects there is nothing that a damage could hurt.
				at := len(whole) * i / 80
				cut, flipped := whole[:at], bytes.Clone(whole)
				flipped[at] ^= 0x41
				for _, data := range [][]byte{cut, flipped} {
					if _, err := pullFrom(t, saved(t, data), device, f.commit); err != nil {
						requireNotWhole(t, device, f.commit)
						continue
					}
					requireWhole(t, device, f.commit)
					device = newDevice(t)
				}
			}
			_, err := pullFrom(t, saved(t, whole[:len(whole)/2]), newDevice(t), f.commit)
			require.Error(t, err)
		})
	}
	for name, data := range map[string]string{
		"empty": "", "text": "hello", "xz": "\xfd7zXZ\x00\x00", "bzip2": "BZh91AY&SY", "gzip": "\x1f\x8b\x08", "zstd": "\x28\xb5\x2f\xfd\x00",
	} {
		t.Run("no archive, "+name, func(t *testing.T) {
			b, err := Open(t.Context(), saved(t, []byte(data)), nil)
			if name == "empty" {
				require.NoError(t, err, "an archive of nothing; its metadata is not there")
				b.Close()
				return
			}
			require.ErrorIs(t, err, ErrMalformed)
		})
	}
}

func TestCorruptObjects(t *testing.T) {
	f := newFixture(t)
	for _, part := range []string{".filez", ".dirtree", ".dirmeta", f.commit.String()[2:] + ".commit"} {
		files := slices.Clone(f.files)
		bad := &files[f.index(t, part)]
		bad.data = bad.data[:len(bad.data)-1] + "?"
		device := newDevice(t)
		_, err := pullFrom(t, saved(t, tarOf(t, files...)), device, f.commit)
		require.ErrorIs(t, err, repo.ErrCorrupt, part)
		requireNotWhole(t, device, f.commit)
	}
}

// An archive that grows when it is unpacked must not take memory or room.
func TestBombs(t *testing.T) {
	f := newFixture(t)
	const huge = 300 << 20
	for name, entry := range map[string]string{
		"document":  "tuf/4.root.json",
		"dirtree":   "ostree_repo/objects/aa/" + strings.Repeat("b", 62) + ".dirtree",
		"file":      "ostree_repo/objects/aa/" + strings.Repeat("b", 62) + ".filez",
		"app":       "apps/apps/shop/x/uri",
		"unlooked":  "whatever",
		"long name": strings.Repeat("x/", 200<<10) + "x",
	} {
		t.Run(name, func(t *testing.T) {
			packed := zeros(t, f.files, entry, huge)
			device := newDevice(t)
			before := memory()
			_, err := pullFrom(t, saved(t, packed), device, f.commit)
			grown := memory() - before
			require.Less(t, grown, int64(64<<20))
			switch name {
			case "app", "unlooked", "long name":
				require.NoError(t, err)
			default:
				require.Error(t, err)
				requireNotWhole(t, device, f.commit)
			}
		})
	}
}

// zeros packs files and one more of many zeros.
func zeros(t *testing.T, files []file, name string, size int64) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	require.NoError(t, err)
	w := tar.NewWriter(z)
	require.NoError(t, w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o644}))
	_, err = io.CopyN(w, zeroReader{}, size)
	require.NoError(t, err)
	require.NoError(t, w.Flush())
	_, err = z.Write(tarOf(t, files...))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.Bytes()
}

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// memory is what the program has ever asked the system for.
func memory() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys)
}

func TestLargeWindow(t *testing.T) {
	f := newFixture(t)
	files := append(slices.Clone(f.files), file{name: "padding", data: strings.Repeat("0123456789abcdef", 2<<20)})
	packed := tarOf(t, files...)
	_, err := pullFrom(t, saved(t, zstdOf(t, packed, zstd.WithWindowSize(maxWindow))), newDevice(t), f.commit)
	require.NoError(t, err)
	_, err = pullFrom(t, saved(t, zstdOf(t, packed, zstd.WithWindowSize(2*maxWindow))), newDevice(t), f.commit)
	require.ErrorIs(t, err, ErrMalformed)
	require.ErrorContains(t, err, "--ultra")
}

func TestClassify(t *testing.T) {
	sum := strings.Repeat("0123456789abcdef", 4)
	c, err := object.ParseChecksum(sum)
	require.NoError(t, err)
	objects := "ostree_repo/objects/" + sum[:2] + "/" + sum[2:]
	of := func(k kind, typ object.Type) entry {
		return entry{kind: k, object: object.Name{Type: typ, Checksum: c}}
	}
	for name, want := range map[string]entry{
		".":                      {},
		"./":                     {},
		"tuf/":                   {},
		"tuf/1.root.json":        {kind: document, name: "1.root.json"},
		"./tuf/snapshot.json":    {kind: document, name: "snapshot.json"},
		"tuf/sub/1.root.json":    {},
		"tuf/note.txt":           {},
		"./tuf/tuf/1.root.json":  {},
		objects + ".filez":       of(ostreeObject, object.TypeFile),
		objects + ".dirtree":     of(ostreeObject, object.TypeDirTree),
		objects + ".dirmeta":     of(ostreeObject, object.TypeDirMeta),
		objects + ".commit":      of(ostreeObject, object.TypeCommit),
		objects + ".file":        of(bareObject, object.TypeFile),
		objects + ".commitmeta":  {},
		objects + ".filez.part":  {},
		objects + "0.filez":      {},
		objects:                  {},
		"ostree_repo/config":     {},
		"ostree_repo/refs/heads": {},
		"ostree_repo/objects/0/" + sum[1:] + ".filez":                            {},
		"ostree_repo/objects/01/" + strings.ToUpper(sum[2:]) + ".filez":          {},
		"apps/apps/shop/" + sum + "/uri":                                         {kind: appURI},
		"apps/apps/shop/" + sum + "/uri/":                                        {kind: appURI},
		"apps/blobs/sha256/" + sum:                                               {kind: blob, name: sum},
		"apps/blobs/sha256/" + sum[1:]:                                           {},
		"bundle/tuf/1.root.json":                                                 {},
		"ostree_repo/deltas/aa/bb/superblock":                                    {},
		"ostree_repo/objects/" + sum[:2] + "/" + sum[2:] + ".filez/" + "x.filez": {},
	} {
		got, err := classify(name)
		require.NoError(t, err, name)
		require.Equal(t, want, got, name)
	}
}

// FuzzOpen looks for archives that crash or hang the reader.
func FuzzOpen(f *testing.F) {
	f.Add([]byte("\x28\xb5\x2f\xfd"))
	f.Add([]byte("\x1f\x8b\x08\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := Open(t.Context(), Stdin, bytes.NewReader(data))
		if err != nil {
			return
		}
		_, _ = b.Index(t.Context())
		require.NoError(t, b.Close())
	})
}
