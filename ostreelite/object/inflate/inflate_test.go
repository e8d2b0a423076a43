package inflate

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// samples are data of different kinds, some larger than the window.
func samples() map[string][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 300<<10)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	words := []byte("package import func return struct error the of to a (x){y} \n\t")
	var text bytes.Buffer
	for text.Len() < 400<<10 {
		i := r.IntN(len(words) - 9)
		text.Write(words[i : i+1+r.IntN(8)])
	}
	// Byte frequencies like Fibonacci numbers make the longest codes.
	var skewed []byte
	a, b := 1, 1
	for c := range 24 {
		skewed = append(skewed, bytes.Repeat([]byte{byte(c * 7)}, a)...)
		a, b = b, a+b
	}
	r.Shuffle(len(skewed), func(i, j int) { skewed[i], skewed[j] = skewed[j], skewed[i] })
	return map[string][]byte{
		"nothing": {}, "one byte": {'x'}, "text": text.Bytes(), "noise": noise, "skewed": skewed,
		"zeros": make([]byte, 500<<10), "mixed": append(append(text.Bytes()[:90<<10:90<<10], noise...), text.Bytes()...),
		"short": []byte("a match: a match, a match"), "far": append(noise[:32<<10:32<<10], noise[:32<<10]...),
	}
}

func deflate(t testing.TB, level int, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, level)
	require.NoError(t, err)
	_, err = w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

func TestReader(t *testing.T) {
	z := new(Reader)
	for name, data := range samples() {
		for _, level := range []int{flate.HuffmanOnly, 0, 1, 6, 9} {
			packed := deflate(t, level, data)
			for kind, src := range map[string]io.Reader{
				"plain": bytes.NewReader(packed), "bytes": iotest.OneByteReader(bytes.NewReader(packed)),
				"early": iotest.DataErrReader(bytes.NewReader(packed)),
			} {
				z.Reset(src)
				got, err := io.ReadAll(z)
				require.NoError(t, err, "%s, level %d, %s", name, level, kind)
				require.True(t, bytes.Equal(data, got), "%s, level %d, %s", name, level, kind)
			}
		}
	}
}

func TestReaderAgain(t *testing.T) {
	z := new(Reader)
	// What follows the data is left, whether its bits were looked at or not.
	for _, tail := range []string{"", "x", "more than eight bytes of something else"} {
		z.Reset(io.MultiReader(bytes.NewReader([]byte("head")), bytes.NewReader(deflate(t, 6, []byte("hello"))),
			bytes.NewReader([]byte(tail))))
		var head [4]byte
		_, err := io.ReadFull(readRaw{z}, head[:])
		require.NoError(t, err)
		require.Equal(t, "head", string(head[:]))
		data, err := io.ReadAll(z)
		require.NoError(t, err)
		require.Equal(t, "hello", string(data))
		rest, err := io.ReadAll(readRaw{z})
		require.NoError(t, err)
		require.Equal(t, tail, string(rest))
		_, err = z.Next()
		require.ErrorIs(t, err, io.EOF)
	}
}

type readRaw struct{ z *Reader }

func (r readRaw) Read(p []byte) (int, error) { return r.z.ReadRaw(p) }

func TestReaderErrors(t *testing.T) {
	z := new(Reader)
	packed := deflate(t, 6, samples()["text"])
	for n := range len(packed) {
		if n > 2000 && n < len(packed)-2000 {
			continue
		}
		z.Reset(bytes.NewReader(packed[:n]))
		_, err := io.Copy(io.Discard, z)
		require.ErrorIs(t, err, ErrCorrupt, "%d bytes", n)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, "%d bytes", n)
	}
	broken := errors.New("cable cut")
	z.Reset(io.MultiReader(bytes.NewReader(packed[:len(packed)/2]), iotest.ErrReader(broken)))
	_, err := io.Copy(io.Discard, z)
	require.ErrorIs(t, err, broken)
	require.NotErrorIs(t, err, ErrCorrupt)
	for name, data := range map[string][]byte{
		"block type 3":      {0x07},
		"stored length":     {0x01, 0x01, 0x00, 0x00, 0x00, 'x'},
		"too many literals": {0xfd, 0xff, 0xff, 0xff, 0xff},
		"match before data": {0x03, 0x02, 0, 0, 0, 0, 0, 0},
	} {
		z.Reset(bytes.NewReader(data))
		_, err := io.Copy(io.Discard, z)
		require.ErrorIs(t, err, ErrCorrupt, name)
	}
}

// compare demands that a Reader gives what compress/flate gives, and fails where
// it fails.
func compare(t *testing.T, z *Reader, data []byte) {
	t.Helper()
	want, wantErr := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(data)), 1<<20))
	z.Reset(bytes.NewReader(data))
	got, err := io.ReadAll(io.LimitReader(z, 1<<20))
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("error %v, compress/flate %v, for %x", err, wantErr, data)
	}
	if err == nil && !bytes.Equal(got, want) {
		t.Fatalf("other data than compress/flate for %x", data)
	}
	if err != nil && !errors.Is(err, ErrCorrupt) {
		t.Fatalf("class of %v for %x", err, data)
	}
}

func TestReaderLikeStandard(t *testing.T) {
	z := new(Reader)
	r := rand.New(rand.NewPCG(3, 4))
	text := samples()["text"]
	for _, level := range []int{flate.HuffmanOnly, 1, 6} {
		for _, size := range []int{10, 300, 5000} {
			packed := deflate(t, level, text[:size])
			for range 3000 {
				bad := bytes.Clone(packed)
				for range 1 + r.IntN(3) {
					bad[r.IntN(len(bad))] ^= 1 << r.IntN(8)
				}
				compare(t, z, bad)
			}
		}
	}
	for range 20000 {
		noise := make([]byte, 1+r.IntN(60))
		for i := range noise {
			noise[i] = byte(r.Uint32())
		}
		compare(t, z, noise)
	}
}

func FuzzReader(f *testing.F) {
	for _, data := range samples() {
		data = data[:min(len(data), 600)]
		for _, level := range []int{flate.HuffmanOnly, 0, 6} {
			f.Add(deflate(f, level, data))
		}
	}
	z := new(Reader)
	f.Fuzz(func(t *testing.T, data []byte) { compare(t, z, data) })
}
