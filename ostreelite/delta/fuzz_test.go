package delta

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

func FuzzSuperblock(f *testing.F) {
	f.Add(honest().superblock())
	big := honest()
	big.order, big.from = "B", object.Checksum{7}
	f.Add(big.superblock())
	f.Add([]byte(signedMagic))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parseSuperblock(newView(bytes.NewReader(data), int64(len(data))))
		if err != nil {
			require.ErrorIs(t, err, ErrMalformed)
			return
		}
		for _, p := range s.parts {
			require.LessOrEqual(t, max(p.packed, p.unpacked), uint64(maxSize))
			for _, v := range []view{p.objects, p.inline} {
				if v.file != nil {
					v.bytes(int64(len(data)))
					require.NoError(t, v.err, "it lies within the superblock")
				}
			}
		}
	})
}

// FuzzPayload reads everything that there is in the content of a part.
func FuzzPayload(f *testing.F) {
	f.Add(honest().payload(), uint64(0), uint64(0))
	two := honest()
	two.xattrs = [][]byte{nil, nil}
	f.Add(two.payload(), uint64(1), uint64(1))
	f.Fuzz(func(t *testing.T, data []byte, mode, xattrs uint64) {
		p, err := parsePayload(newView(bytes.NewReader(data), int64(len(data))))
		if err != nil {
			require.ErrorIs(t, err, ErrMalformed)
			return
		}
		if h, err := p.header(mode, xattrs); err == nil {
			again, err := p.header(mode, xattrs)
			require.NoError(t, err)
			require.Equal(t, h, again)
		} else {
			require.ErrorIs(t, err, ErrMalformed)
		}
		for _, v := range []view{p.data, p.ops} {
			v.bytes(int64(len(data)))
			require.Equal(t, p.modes.err, v.err)
		}
	})
}

// FuzzProgram runs operations on some data, with objects to read from, and lists of
// objects that the operations can really make. What is wrong is refused, and what is
// written is right.
func FuzzProgram(f *testing.F) {
	source := fileSum(oldText)
	data := "0123456789" + string(source[:]) + control(4, 2, 10) + "\x00\x00\x00\x00zz" + control(5, 0, 0) + "\x01\x02\x03\x04\x05"
	f.Add([]byte{}, []byte("S\x00\x00\x0a\x00"))
	f.Add([]byte{0}, newMade(object.Checksum{1}).op('o', 0, 0, 10).op('w', 10, 0).op('c').ops)
	f.Add([]byte{1}, newMade(object.Checksum{1}).op('o', 0, 0, 9).op('r', 10).op('w', 9, 4).op('R').op('c').ops)
	f.Add([]byte{2, 0}, newMade(object.Checksum{1}).op('r', 10).op('o', 0, 0, 11).op('B', 42, 59).op('c').op('R').op('S', 0, 0, 10, 0).ops)
	r := newRepo(f, repo.BareUserOnly)
	txn, err := r.Begin(context.Background())
	require.NoError(f, err)
	f.Cleanup(func() { txn.Abort() })
	texts := []string{"0123456789", "quick bro", "the zzo\"is}"}
	f.Fuzz(func(t *testing.T, list, ops []byte) {
		m := newMade(object.Checksum{1}).bytes(data)
		for _, i := range list[:min(len(list), 64)] {
			m.makes(texts[int(i)%len(texts)])
		}
		var objects []byte
		for _, n := range m.objects {
			objects = append(append(objects, byte(n.Type)), n.Checksum[:]...)
		}
		m.ops = ops
		raw := m.payload()
		p, err := parsePayload(newView(bytes.NewReader(raw), int64(len(raw))))
		require.NoError(t, err)
		s := &sources{repo: r, temp: txn.Temp}
		defer s.close()
		targets := newView(bytes.NewReader(objects), int64(len(objects)))
		err = newProgram(context.Background(), txn, s, p, targets, func(object.Type) {}).run()
		if err != nil && !errors.Is(err, ErrMalformed) {
			require.ErrorIs(t, err, repo.ErrNoSpace)
		}
	})
}

func FuzzPatch(f *testing.F) {
	f.Add([]byte(control(4, 2, 10)+"\x00\x00\x00\x00zz"+control(5, 0, 0)+"\x01\x02\x03\x04\x05"), uint16(11))
	f.Add([]byte(control(0, 1, -(1<<59))+"x"+control(9, 0, 0)+"123456789"), uint16(10))
	f.Fuzz(func(t *testing.T, data []byte, size uint16) {
		old := bytes.NewReader([]byte(oldText))
		out, err := io.ReadAll(newPatch(newView(bytes.NewReader(data), int64(len(data))), old, int64(size)))
		want, ok := slowPatch(data, []byte(oldText), int64(size))
		if err != nil {
			require.ErrorIs(t, err, ErrMalformed)
			require.LessOrEqual(t, len(out), int(size))
			return
		}
		require.True(t, ok)
		require.Equal(t, want, out)
	})
}

// slowPatch is the patch as the reference has it, with everything in memory.
func slowPatch(data, old []byte, size int64) ([]byte, bool) {
	out := []byte{}
	var pos int64
	for int64(len(out)) < size {
		if len(data) < controlSize {
			return nil, false
		}
		sum, insert, move := signed(data), signed(data[8:]), signed(data[16:])
		data = data[controlSize:]
		if sum < 0 || insert < 0 || sum > int64(len(data)) || insert > int64(len(data))-sum || int64(len(out))+sum+insert > size {
			return nil, false
		}
		for _, b := range data[:sum] {
			if pos >= 0 && pos < int64(len(old)) {
				b += old[pos]
			}
			out = append(out, b)
			pos++
		}
		out = append(out, data[sum:sum+insert]...)
		data = data[sum+insert:]
		pos += move
	}
	return out, true
}

func FuzzIndex(f *testing.F) {
	to := object.Checksum{1}
	f.Add([]byte{})
	f.Add([]byte("ostree.static-deltas\x00\x00\x00\x00\x00a{sv}\x15"))
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := readIndex(bytes.NewReader(data), to)
		if err != nil {
			require.ErrorIs(t, err, ErrMalformed)
			return
		}
		x.find(to)
		x.find(object.Checksum{})
	})
}

// FuzzPaths has paths that cannot lead anywhere else.
func FuzzPaths(f *testing.F) {
	f.Add(make([]byte, 64))
	f.Add(bytes.Repeat([]byte{0xff}, 64))
	f.Fuzz(func(t *testing.T, sums []byte) {
		if len(sums) < 64 {
			return
		}
		from, to := object.Checksum(sums), object.Checksum(sums[32:])
		require.Regexp(t, `^deltas/[A-Za-z0-9+_]{2}/[A-Za-z0-9+_]{41}(-[A-Za-z0-9+_]{43})?/7$`, PartPath(from, to, 7))
		require.Regexp(t, `^delta-indexes/[A-Za-z0-9+_]{2}/[A-Za-z0-9+_]{41}\.index$`, IndexPath(to))
	})
}
