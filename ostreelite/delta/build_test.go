package delta

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/object/gvariant"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

var (
	superblockVariant = gvariant.MustType("(a{sv}tayay(a{sv}aya(say)sstayay)aya(uayttay)a(yaytt))")
	dictType          = superblockVariant.Elem(0)
	payloadVariant    = gvariant.MustType("(a(uuu)aa(ayay)ayay)")
)

// made is a delta in the making, honest until a test changes it.
type made struct {
	from, to  object.Checksum
	order     string // of the sizes, "" to leave it out
	version   uint32
	unpacked  uint64
	size      uint64 // of the part, its own if 0
	objects   []object.Name
	modes     [][]byte
	xattrs    [][]byte
	data, ops []byte
	packing   byte
	pack      func([]byte) []byte
	checksum  []byte // of the part, its own if nil
}

// newMade begins a delta with two kinds of files: 0644 and a symbolic link.
func newMade(to object.Checksum) *made {
	mode := func(m uint32) []byte { return append(make([]byte, 8), binary.BigEndian.AppendUint32(nil, m)...) }
	return &made{to: to, order: "l", unpacked: 1 << 20, modes: [][]byte{mode(0o100644), mode(0o120777), mode(0o040755)},
		xattrs: [][]byte{nil}, pack: func(b []byte) []byte { return b }}
}

// op adds an operation.
func (m *made) op(code byte, operands ...uint64) *made {
	m.ops = append(m.ops, code)
	for _, n := range operands {
		m.ops = binary.AppendUvarint(m.ops, n)
	}
	return m
}

// makes adds to the list of objects a file with that content.
func (m *made) makes(content string) *made {
	return m.object(object.TypeFile, fileSum(content))
}

func (m *made) object(t object.Type, c object.Checksum) *made {
	m.objects = append(m.objects, object.Name{Type: t, Checksum: c})
	return m
}

func (m *made) bytes(data string) *made { m.data = append(m.data, data...); return m }

func fileSum(content string) object.Checksum {
	h := object.NewHasher()
	h.Reset(&object.FileHeader{Mode: 0o100644})
	_, _ = h.Write([]byte(content))
	return h.Sum()
}

func (m *made) payload() []byte {
	return gvariant.Tuple(payloadVariant, gvariant.Array(payloadVariant.Elem(0), m.modes...),
		gvariant.Array(payloadVariant.Elem(1), m.xattrs...), m.data, m.ops)
}

func (m *made) part() []byte { return append([]byte{m.packing}, m.pack(m.payload())...) }

func (m *made) superblock() []byte {
	number := func(n uint64) []byte {
		if m.order == "B" {
			return binary.BigEndian.AppendUint64(nil, n)
		}
		return binary.LittleEndian.AppendUint64(nil, n)
	}
	part := m.part()
	sum := sha256.Sum256(part)
	if m.checksum == nil {
		m.checksum = sum[:]
	}
	if m.size == 0 {
		m.size = uint64(len(part))
	}
	var list []byte
	for _, n := range m.objects {
		list = append(append(list, byte(n.Type)), n.Checksum[:]...)
	}
	var dict, from []byte
	if m.order != "" {
		t := dictType.Elem(0)
		dict = gvariant.Array(dictType, gvariant.Tuple(t, gvariant.String("ostree.endianness"),
			gvariant.Variant(gvariant.MustType("y"), []byte(m.order))))
	}
	if !m.from.IsZero() {
		from = m.from[:]
	}
	entry := gvariant.Tuple(superblockVariant.Elem(6).Elem(0), binary.LittleEndian.AppendUint32(nil, m.version),
		m.checksum, number(m.size), number(m.unpacked), list)
	commit := (&object.Commit{Metadata: nil}).Marshal()
	return gvariant.Tuple(superblockVariant, dict, make([]byte, 8), from, m.to[:], commit, nil,
		gvariant.Array(superblockVariant.Elem(6), entry), nil)
}

// files is a Source of files in memory.
type files map[string][]byte

func (f files) Fetch(_ context.Context, path string, use func(io.Reader) error) error {
	data, ok := f[path]
	if !ok {
		return fs.ErrNotExist
	}
	return use(bytes.NewReader(data))
}

func (m *made) files() files {
	return files{SuperblockPath(m.from, m.to): m.superblock(), PartPath(m.from, m.to, 0): m.part()}
}

// newRepo makes a repository that has one file and one symbolic link.
func newRepo(t testing.TB, mode repo.Mode) *repo.Repo {
	t.Helper()
	r, err := repo.Create(filepath.Join(t.TempDir(), "repo"), mode)
	require.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	txn, err := r.Begin(context.Background())
	require.NoError(t, err)
	require.NoError(t, txn.WriteFile(fileSum(oldText), &object.FileHeader{Mode: 0o100644}, int64(len(oldText)), bytes.NewReader([]byte(oldText))))
	require.NoError(t, txn.WriteFile(linkSum(), &link, 0, nil))
	require.NoError(t, txn.Commit())
	return r
}

const oldText = "the quick brown fox jumps over the lazy dog"

var link = object.FileHeader{Mode: 0o120777, Target: "somewhere"}

func linkSum() object.Checksum {
	h := object.NewHasher()
	h.Reset(&link)
	return h.Sum()
}

// apply applies a delta and publishes what it brought.
func apply(t testing.TB, r *repo.Repo, s Source, to object.Checksum) (Result, error) {
	t.Helper()
	txn, err := r.Begin(context.Background())
	require.NoError(t, err)
	defer txn.Abort()
	result, failed := Apply(context.Background(), r, txn, s, Options{Commit: to})
	require.NoError(t, txn.Commit())
	left, err := os.ReadDir(filepath.Join(r.Path(), "tmp"))
	require.NoError(t, err)
	for _, e := range left {
		require.Equal(t, "cache", e.Name(), "nothing is left behind")
	}
	return result, failed
}

// readFile reads a file of a repository.
func readFile(t testing.TB, r *repo.Repo, c object.Checksum) string {
	t.Helper()
	_, data, err := r.OpenFile(c)
	require.NoError(t, err)
	defer data.Close()
	text, err := io.ReadAll(data)
	require.NoError(t, err)
	return string(text)
}
