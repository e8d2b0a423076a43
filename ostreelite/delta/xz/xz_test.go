package xz

import (
	"bytes"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// pack runs the real xz command.
func pack(t testing.TB, data []byte, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("xz", append([]string{"--stdout"}, args...)...)
	cmd.Stdin = bytes.NewReader(data)
	out, err := cmd.Output()
	require.NoError(t, err)
	return out
}

func tempFile(t testing.TB) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "unpacked"))
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

// unpack gives what the decoder made of a stream.
func unpack(t testing.TB, d *Decoder, packed []byte, limit int64) ([]byte, error) {
	t.Helper()
	f := tempFile(t)
	n, err := d.Decode(f, limit, bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(f.Name())
	require.NoError(t, err)
	require.Len(t, data, int(n))
	return data, nil
}

// sample is data with short and long matches, some further apart than the window.
func sample(size int) []byte {
	rnd := rand.New(rand.NewSource(int64(size)))
	out := make([]byte, 0, size)
	for len(out) < size {
		switch rnd.Intn(4) {
		case 0:
			noise := make([]byte, rnd.Intn(40000))
			rnd.Read(noise)
			out = append(out, noise...)
		case 1:
			out = append(out, bytes.Repeat([]byte("abcdefghij")[:1+rnd.Intn(9)], rnd.Intn(2000))...)
		default:
			if len(out) > 0 {
				from := rnd.Intn(len(out))
				out = append(out, out[from:min(len(out), from+rnd.Intn(20000))]...)
			}
		}
	}
	return out[:size]
}

// TestUnpacksWhatXzPacks compares with the command for every kind of stream.
func TestUnpacksWhatXzPacks(t *testing.T) {
	d := NewDecoder()
	large := sample(10 << 20)
	for _, tc := range []struct {
		name string
		data []byte
		args []string
	}{
		{"empty", nil, nil},
		{"one byte", []byte{7}, nil},
		{"text", bytes.Repeat([]byte("hello world\n"), 5000), []string{"-9e"}},
		{"zeros", make([]byte, 9<<20), []string{"-1"}},
		{"beyond the window", large, []string{"-1", "--lzma2=preset=1,dict=32MiB"}},
		{"as libostree", large[:2<<20], []string{"-8", "--check=crc64"}},
		{"not compressible", sample(1 << 20)[:200000], []string{"-0"}},
		{"many blocks", large[:3<<20], []string{"-0", "--block-size=300001", "--check=sha256"}},
		{"no check", large[:1<<20], []string{"-0", "--block-size=100003", "--check=none"}},
		{"crc32", large[:1<<20], []string{"-0", "--block-size=100003", "--check=crc32"}},
		{"threads write sizes", large[:1<<20], []string{"-0", "--threads=2", "--block-size=200003"}},
		{"literal bits", large[:1<<20], []string{"--lzma2=preset=0,lc=0,lp=4,pb=0"}},
		{"more literal bits", large[:1<<20], []string{"--lzma2=preset=1,lc=4,lp=0,pb=4"}},
	} {
		packed := pack(t, tc.data, tc.args...)
		data, err := unpack(t, d, packed, int64(len(tc.data)))
		require.NoError(t, err, tc.name)
		require.True(t, bytes.Equal(tc.data, data), tc.name)
		if len(tc.data) > 0 {
			_, err = unpack(t, d, packed, int64(len(tc.data))-1)
			require.ErrorIs(t, err, ErrTooLarge, tc.name)
		}
	}
}

func TestRefusesFilters(t *testing.T) {
	_, err := unpack(t, NewDecoder(), pack(t, sample(100000), "--x86", "--lzma2=preset=0"), 1<<20)
	require.ErrorIs(t, err, ErrUnsupported)
}

// TestRefusesDamage flips and cuts: no byte of a header or of the packed data may
// be wrong without the result being wrong too, or refused.
func TestRefusesDamage(t *testing.T) {
	d := NewDecoder()
	want := sample(3000)
	packed := pack(t, want, "-6")
	for i := range packed[:len(packed)-60] {
		_, err := unpack(t, d, packed[:i], 1<<20)
		require.ErrorIs(t, err, ErrCorrupt, "cut at %d", i)
	}
	for i := range packed[:12] {
		bad := bytes.Clone(packed)
		bad[i] ^= 1
		_, err := unpack(t, d, bad, 1<<20)
		require.ErrorIs(t, err, ErrCorrupt, "byte %d", i)
	}
	for i := range packed {
		bad := bytes.Clone(packed)
		bad[i] ^= 0x10
		_, _ = unpack(t, d, bad, 1<<20) // it must end
	}
}

// memFile is a File in memory, for the fuzzer.
type memFile []byte

func (m *memFile) WriteAt(p []byte, off int64) (int, error) {
	if need := off + int64(len(p)); need > int64(len(*m)) {
		*m = append(*m, make([]byte, need-int64(len(*m)))...)
	}
	return copy((*m)[off:], p), nil
}

func (m *memFile) ReadAt(p []byte, off int64) (int, error) {
	return bytes.NewReader(*m).ReadAt(p, off)
}

func FuzzDecode(f *testing.F) {
	for _, args := range [][]string{{"-0"}, {"-6", "--check=none"}, {"--lzma2=preset=0,lc=0,lp=4,pb=0", "--block-size=500"}} {
		f.Add(pack(f, sample(2000), args...))
	}
	f.Add([]byte(magic))
	d := NewDecoder()
	f.Fuzz(func(t *testing.T, data []byte) {
		var out memFile
		const limit = 1 << 20
		if n, err := d.Decode(&out, limit, bytes.NewReader(data)); err == nil {
			require.Len(t, out, int(n))
		}
		require.LessOrEqual(t, len(out), limit)
	})
}

func BenchmarkDecode(b *testing.B) {
	data, err := os.ReadFile("/proc/self/exe")
	require.NoError(b, err)
	packed := pack(b, data, "-6")
	d, f := NewDecoder(), tempFile(b)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		_, err := d.Decode(f, 1<<30, bytes.NewReader(packed))
		require.NoError(b, err)
	}
}
