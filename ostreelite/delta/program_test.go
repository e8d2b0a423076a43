package delta

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// control is the three numbers of a patch.
func control(sum, insert, move int64) string {
	var out []byte
	for _, n := range []int64{sum, insert, move} {
		v := uint64(max(n, -n))
		if n < 0 {
			v |= 1 << 63
		}
		out = binary.LittleEndian.AppendUint64(out, v)
	}
	return string(out)
}

// TestOperations makes files with every operation, in every mode an ordinary user
// can have.
func TestOperations(t *testing.T) {
	source := fileSum(oldText)
	for _, mode := range []repo.Mode{repo.BareUser, repo.BareUserOnly, repo.Archive} {
		m := newMade(object.Checksum{1})
		m.bytes("0123456789" + string(source[:]))

		m.makes("3456").op('S', 0, 0, 4, 3)
		m.makes("").op('S', 0, 0, 0, 0)
		target := object.FileHeader{Mode: 0o120777, Target: "789"}
		h := object.NewHasher()
		h.Reset(&target)
		m.object(object.TypeFile, h.Sum()).op('S', 1, 0, 3, 7)
		m.makes("quick 12 brown").op('o', 0, 0, 14).op('r', 10).op('w', 6, 4).op('R').op('w', 2, 1).op('r', 10).op('w', 6, 9).op('c')
		m.makes("").op('o', 0, 0, 0).op('c')
		m.makes("89").op('o', 0, 0, 2).op('w', 0, 5).op('w', 1, 8).op('w', 1, 9).op('c')
		m.makes(oldText).op('o', 0, 0, uint64(len(oldText))).op('w', 99, 99).op('c') // is there: nothing is read

		patch := control(0, 2, 4) + "<<" + control(5, 1, -5) + "\x00\x00\x00\x00\x01" + ">" + control(3, 0, 100) + "\x00\x00\x00" + control(2, 0, -200) + "zz" + control(2, 0, 0) + "yy"
		at := uint64(len(m.data))
		m.bytes(patch)
		patched := "<<quicl>quizzyy"
		m.makes(patched).op('r', 10).op('o', 0, 0, uint64(len(patched))).op('B', at, uint64(len(patch))).op('c').op('R')

		r := newRepo(t, mode)
		result, err := apply(t, r, m.files(), m.to)
		require.NoError(t, err, mode)
		require.Equal(t, Result{Parts: 1, Total: 1}, result)
		for _, text := range []string{"3456", "", "quick 12 brown", "89", patched} {
			require.Equal(t, text, readFile(t, r, fileSum(text)))
		}
		found, _, err := r.OpenFile(h.Sum())
		require.NoError(t, err)
		require.Equal(t, "789", found.Target)

		result, err = apply(t, r, m.files(), m.to)
		require.NoError(t, err, mode)
		require.Equal(t, Result{Parts: 0, Total: 1}, result, "everything is there")
	}
}

// TestHostilePrograms has programs that reach out of what is theirs.
func TestHostilePrograms(t *testing.T) {
	source := fileSum(oldText)
	const far = 1 << 63
	for _, tc := range []struct {
		name string
		make func(m *made)
	}{
		{"unknown operation", func(m *made) { m.op('x') }},
		{"splice beyond the data", func(m *made) { m.op('S', 0, 0, 11, 0) }},
		{"splice from beyond the data", func(m *made) { m.op('S', 0, 0, 1, far) }},
		{"splice of wrapping size", func(m *made) { m.op('S', 0, 0, 1<<64-1, 2) }},
		{"splice of another file", func(m *made) { m.op('S', 0, 0, 9, 0) }},
		{"splice without operands", func(m *made) { m.op('S', 0) }},
		{"operand of eleven bytes", func(m *made) { m.op('S').ops = append(m.ops, strings.Repeat("\xff", 11)...) }},
		{"operand of 65 bits", func(m *made) { m.op('S').ops = append(m.ops, strings.Repeat("\xff", 9)+"\x02"...) }},
		{"mode that is not there", func(m *made) { m.op('S', 3, 0, 10, 0) }},
		{"mode far away", func(m *made) { m.op('S', far, 0, 10, 0) }},
		{"attributes that are not there", func(m *made) { m.op('S', 0, 1, 10, 0) }},
		{"directory", func(m *made) { m.op('S', 2, 0, 10, 0) }},
		{"link to nothing", func(m *made) { m.op('S', 1, 0, 0, 0) }},
		{"link with a zero byte", func(m *made) { m.data[1] = 0; m.op('S', 1, 0, 10, 0) }},
		{"link opened", func(m *made) { m.op('o', 1, 0, 10).op('c') }},
		{"more than is listed", func(m *made) { m.op('S', 0, 0, 10, 0).op('S', 0, 0, 10, 0) }},
		{"write without a file", func(m *made) { m.op('w', 1, 0) }},
		{"close without a file", func(m *made) { m.op('c') }},
		{"patch without a file", func(m *made) { m.op('B', 0, 1) }},
		{"never closed", func(m *made) { m.op('o', 0, 0, 10).op('w', 10, 0) }},
		{"ends in a file", func(m *made) { m.op('o', 0, 0, 10).op('w', 10) }},
		{"open twice", func(m *made) { m.op('o', 0, 0, 10).op('o', 0, 0, 10) }},
		{"splice in a file", func(m *made) { m.op('o', 0, 0, 10).op('S', 0, 0, 10, 0).op('c') }},
		{"more than opened for", func(m *made) { m.op('o', 0, 0, 9).op('w', 10, 0).op('c') }},
		{"less than opened for", func(m *made) { m.op('o', 0, 0, 10).op('w', 9, 0).op('c') }},
		{"file of 2^63 bytes", func(m *made) { m.op('o', 0, 0, far).op('w', 10, 0).op('c') }},
		{"write beyond the data", func(m *made) { m.op('o', 0, 0, 10).op('w', 500, 0).op('c') }},
		{"write beyond the source", func(m *made) { m.op('o', 0, 0, 10).op('r', 10).op('w', 10, 40).op('c') }},
		{"write far beyond the source", func(m *made) { m.op('o', 0, 0, 10).op('r', 10).op('w', 10, far).op('c') }},
		{"source beyond the data", func(m *made) { m.op('r', uint64(len(m.data))-31) }},
		{"source that is not there", func(m *made) { m.op('o', 0, 0, 10).op('r', 9).op('w', 10, 0).op('c') }},
		{"link as source", func(m *made) {
			c := linkSum()
			at := uint64(len(m.data))
			m.bytes(string(c[:])).op('o', 0, 0, 10).op('r', at).op('w', 10, 0).op('c')
		}},
		{"source forgotten at the end of a file", func(m *made) {
			m.objects = append([]object.Name{{Type: object.TypeFile, Checksum: fileSum("the q")}}, m.objects...)
			m.op('o', 0, 0, 5).op('r', 10).op('w', 5, 0).op('c').op('o', 0, 0, 10).op('w', 10, 30).op('c')
		}},
		{"patch of nothing", func(m *made) { m.op('o', 0, 0, 10).op('B', 0, 10).op('c') }},
		{"patch that is cut off", patching(control(10, 0, 0)[:20])},
		{"patch without its data", patching(control(10, 0, 0))},
		{"patch with too much", patching(control(11, 0, 0) + strings.Repeat("x", 11))},
		{"patch that inserts too much", patching(control(1, 1<<40, 0) + strings.Repeat("x", 11))},
		{"patch with a negative size", patching(control(-1, 11, 0) + strings.Repeat("x", 11))},
		{"patch that overflows", patching(control(1<<63-1, 1<<63-1, 0) + strings.Repeat("x", 11))},
		{"patch that goes away", patching(control(0, 1, 1<<62) + "x" + control(9, 0, 0) + strings.Repeat("x", 9))},
		{"patch that goes around in circles", patching(strings.Repeat(control(0, 0, 1), 1000))},
		{"another file from a patch", patching(control(10, 0, 0) + strings.Repeat("x", 10))},
	} {
		m := newMade(object.Checksum{1})
		m.bytes("0123456789" + string(source[:])).makes("0123456789")
		tc.make(m)
		r := newRepo(t, repo.BareUserOnly)
		_, err := apply(t, r, m.files(), m.to)
		require.ErrorIs(t, err, ErrMalformed, tc.name)
		have, err := r.Has(object.Name{Type: object.TypeFile, Checksum: fileSum("0123456789")})
		require.NoError(t, err)
		require.Equal(t, tc.name == "more than is listed", have, tc.name)
	}
}

func patching(patch string) func(*made) {
	return func(m *made) {
		at := uint64(len(m.data))
		m.bytes(patch).op('r', 10).op('o', 0, 0, 10).op('B', at, uint64(len(patch))).op('c')
	}
}
