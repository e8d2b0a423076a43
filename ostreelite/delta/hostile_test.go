package delta

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/object/gvariant"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// honest is a delta that makes one file.
func honest() *made {
	return newMade(object.Checksum{1}).bytes("0123456789").makes("0123456789").op('S', 0, 0, 10, 0)
}

// TestHostileSuperblocksAndParts has deltas that lie about themselves.
func TestHostileSuperblocksAndParts(t *testing.T) {
	for _, tc := range []struct {
		name string
		make func(m *made)
	}{
		{"wrong checksum", func(m *made) { m.checksum = make([]byte, 32) }},
		{"short checksum", func(m *made) { m.checksum = make([]byte, 31) }},
		{"larger than declared", func(m *made) { m.size = 10 }},
		{"size of 2^63", func(m *made) { m.size = 1 << 63 }},
		{"content of 2^63", func(m *made) { m.unpacked = 1 << 63 }},
		{"version", func(m *made) { m.version = 1 }},
		{"byte order", func(m *made) { m.order = "x" }},
		{"packing", func(m *made) { m.packing = 'g' }},
		{"not xz", func(m *made) { m.packing = 'x' }},
		{"a commit", func(m *made) { m.objects[0].Type = object.TypeCommit }},
		{"type 0", func(m *made) { m.objects[0].Type = 0 }},
		{"type 99", func(m *made) { m.objects[0].Type = 99 }},
		{"file as metadata", func(m *made) { m.objects[0].Type = object.TypeDirTree; m.ops = nil; m.op('S', 10, 0) }},
		{"device", func(m *made) { m.modes[0] = []byte("\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x61\xa4") }},
		{"attributes", func(m *made) { m.xattrs[0] = []byte("\x01\x02\x03") }},
		{"no tables", func(m *made) { m.modes, m.xattrs = nil, nil }},
		{"no content", func(m *made) { m.pack = func([]byte) []byte { return nil } }},
		{"bomb", func(m *made) { m.packing, m.unpacked, m.pack = 'x', 10, bomb }},
		{"bomb that is not packed", func(m *made) { m.unpacked, m.data = 10, append(m.data, make([]byte, 5<<20)...) }},
	} {
		m := honest()
		tc.make(m)
		_, err := apply(t, newRepo(t, repo.BareUserOnly), m.files(), m.to)
		require.ErrorIs(t, err, ErrMalformed, tc.name)
	}
}

// bomb packs a hundred million zeros.
func bomb([]byte) []byte {
	cmd := exec.Command("xz", "-0", "--stdout")
	cmd.Stdin = io.LimitReader(zeros{}, 100e6)
	out, err := cmd.Output()
	if err != nil {
		panic(err)
	}
	return out
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestCutsAndFlips takes every beginning of a superblock and of a part, and both
// with every byte changed. The result is right or refused.
func TestCutsAndFlips(t *testing.T) {
	m := honest()
	r := newRepo(t, repo.BareUserOnly)
	txn, err := r.Begin(context.Background())
	require.NoError(t, err)
	defer txn.Abort()
	try := func(f files, what string, i int) {
		_, err := Apply(context.Background(), r, txn, f, Options{Commit: m.to})
		if err != nil && !errors.Is(err, ErrMalformed) {
			require.ErrorIs(t, err, repo.ErrNoSpace, "%s %d", what, i)
		}
	}
	for path, data := range m.files() {
		f := m.files()
		for i := range data {
			f[path] = data[:i]
			try(f, path, i)
		}
		for i := range data {
			f[path] = bytes.Clone(data)
			f[path][i] ^= 0x81
			try(f, path, i)
		}
	}
	require.NoError(t, txn.Commit())
	report, err := r.Fsck(context.Background())
	require.NoError(t, err)
	require.Empty(t, report.Problems)
}

// TestByteOrders reads sizes in either order, and finds out which it is.
func TestByteOrders(t *testing.T) {
	for _, order := range []string{"l", "B", ""} {
		m := honest()
		m.order = order
		data := m.superblock()
		s, err := parseSuperblock(newView(bytes.NewReader(data), int64(len(data))))
		require.NoError(t, err, order)
		require.EqualValues(t, len(m.part()), s.parts[0].packed, order)
		require.EqualValues(t, 1<<20, s.parts[0].unpacked, order)
	}
}

// TestSigned takes the signatures off a superblock.
func TestSigned(t *testing.T) {
	m := honest()
	f := m.files()
	path := SuperblockPath(m.from, m.to)
	signed := gvariant.MustType("(taya{sv})")
	f[path] = gvariant.Tuple(signed, []byte(signedMagic), f[path], nil)
	r := newRepo(t, repo.BareUserOnly)
	_, err := apply(t, r, f, m.to)
	require.NoError(t, err)
	require.Equal(t, "0123456789", readFile(t, r, fileSum("0123456789")))
}

// TestNoSpace refuses before anything of a part is fetched.
func TestNoSpace(t *testing.T) {
	m := honest()
	m.unpacked = 1 << 45
	f := m.files()
	delete(f, PartPath(m.from, m.to, 0))
	_, err := apply(t, newRepo(t, repo.BareUserOnly), f, m.to)
	require.ErrorIs(t, err, repo.ErrNoSpace)
}

// TestAnotherDelta is refused where it does not belong.
func TestAnotherDelta(t *testing.T) {
	m := honest()
	f := m.files()
	f[SuperblockPath(m.from, object.Checksum{2})] = f[SuperblockPath(m.from, m.to)]
	_, err := apply(t, newRepo(t, repo.BareUserOnly), f, object.Checksum{2})
	require.ErrorIs(t, err, ErrMalformed)
	_, err = apply(t, newRepo(t, repo.BareUserOnly), f, object.Checksum{3})
	require.ErrorIs(t, err, ErrNone)
}
