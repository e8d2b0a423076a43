package gvariant

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The examples of the GVariant Specification, section 2.6 ("Examples"), and
// some more that GLib agrees with.
func TestNormalForm(t *testing.T) {
	for _, tc := range []struct{ typ, data string }{
		{"s", "hello world\x00"},
		{"ms", "hello world\x00\x00"},
		{"ms", ""},
		{"ab", "\x01\x00\x00\x01\x01"},
		{"(si)", "foo\x00\xff\xff\xff\xff\x04"},
		{"a(si)", "hi\x00\x00\xfe\xff\xff\xff\x03\x00\x00\x00bye\x00\xff\xff\xff\xff\x04\x09\x15"},
		{"as", "i\x00can\x00has\x00strings?\x00\x02\x06\x0a\x13"},
		{"((ys)as)", "ican\x00has\x00strings?\x00\x04\x0d\x05"},
		{"(yy)", "\x70\x80"},
		{"(iy)", "\x60\x00\x00\x00\x70\x00\x00\x00"},
		{"a(iy)", "\x60\x00\x00\x00\x70\x00\x00\x00\x88\x02\x00\x00\xf7\x00\x00\x00"},
		{"a{sv}", ""},
		{"v", "hi\x00\x00s"},
		{"()", "\x00"},
		{"(o)", "/org/example\x00"},
		{"g", "a{sv}i\x00"},
	} {
		v, err := ParseType(tc.typ)
		require.NoError(t, err, tc.typ)
		_, err = Parse(v, []byte(tc.data))
		require.NoError(t, err, "%s %q", tc.typ, tc.data)
	}
}

func TestNotNormal(t *testing.T) {
	for _, tc := range []struct{ why, typ, data string }{
		{"no end", "s", "hello"},
		{"empty string", "s", ""},
		{"zero inside", "s", "a\x00b\x00"},
		{"not UTF-8", "s", "\xff\x00"},
		{"boolean", "b", "\x02"},
		{"size", "u", "\x00\x00\x00"},
		{"padding", "(iy)", "\x60\x00\x00\x00\x70\x00\x01\x00"},
		{"offset beyond", "as", "i\x00\x09"},
		{"offsets fall", "as", "i\x00a\x00\x02\x01"},
		{"no offsets", "(ss)", "\x00\x00"},
		{"wide offsets", "as", strings.Repeat("a", 253) + "\x00\xfe\x00"},
		{"variant of nothing", "v", ""},
		{"variant without type", "v", "\x00\x00"},
		{"variant of a wrong value", "v", "\x02\x00b"},
		{"unit", "()", "\x01"},
		{"object path", "o", "org\x00"},
		{"object path end", "o", "/org/\x00"},
		{"signature", "g", "a\x00"},
	} {
		v, err := ParseType(tc.typ)
		require.NoError(t, err, tc.typ)
		_, err = Parse(v, []byte(tc.data))
		require.ErrorIs(t, err, ErrNotNormal, tc.why)
	}
}

func TestBadTypes(t *testing.T) {
	for _, text := range []string{"", "(", "(s", "a", "{sv", "{vs}", "{s}", "r", "*", "ss", "a{sv}x", strings.Repeat("a", 200) + "y", strings.Repeat("(", 5000)} {
		_, err := ParseType(text)
		require.ErrorIs(t, err, ErrNotNormal, text)
	}
}

func TestDeepNesting(t *testing.T) {
	v, variant := MustType("v"), []byte("\x00\x00y")
	for range maxDepth - 2 {
		variant = Variant(v, variant)
	}
	_, err := Parse(v, variant)
	require.NoError(t, err)
	for range 3 {
		variant = Variant(v, variant)
	}
	_, err = Parse(v, variant)
	require.ErrorIs(t, err, ErrNotNormal)
}

func TestBuildAndRead(t *testing.T) {
	typ := MustType("(ya{sv}a(si)at)")
	dict := Array(typ.Elem(1), Tuple(typ.Elem(1).Elem(0), String("key"), Variant(MustType("s"), String("value"))))
	pairs := Array(typ.Elem(2), Tuple(typ.Elem(2).Elem(0), String("one"), []byte{1, 0, 0, 0}),
		Tuple(typ.Elem(2).Elem(0), String("second"), []byte{2, 0, 0, 0}))
	numbers := Array(typ.Elem(3), []byte{1, 0, 0, 0, 0, 0, 0, 0}, []byte{0, 0, 0, 0, 0, 0, 0, 2})
	data := Tuple(typ, []byte{7}, dict, pairs, numbers)
	v, err := Parse(typ, data)
	require.NoError(t, err)
	require.Equal(t, byte(7), v.At(0).Byte())
	value, ok := v.At(1).Lookup("key")
	require.True(t, ok)
	require.Equal(t, "value", value.Str())
	require.Equal(t, 2, v.At(2).Len())
	require.Equal(t, "second", v.At(2).At(1).At(0).Str())
	require.EqualValues(t, 2, v.At(2).At(1).At(1).LE32())
	require.EqualValues(t, 1, v.At(3).At(0).LE64())
	require.EqualValues(t, 2, v.At(3).At(1).BE64())
}

func FuzzParse(f *testing.F) {
	f.Add("(a{sv}aya(say)sstayay)", []byte{})
	f.Add("a(si)", []byte("hi\x00\x00\xfe\xff\xff\xff\x03\x00\x00\x00bye\x00\xff\xff\xff\xff\x04\x09\x15"))
	f.Add("v", []byte("hi\x00\x00s"))
	f.Add("((ys)as)", []byte("ican\x00has\x00strings?\x00\x04\x0d\x05"))
	f.Fuzz(func(t *testing.T, text string, data []byte) {
		typ, err := ParseType(text)
		if err != nil {
			return
		}
		v, err := Parse(typ, data)
		if err != nil {
			return
		}
		walk(v)
	})
}

// walk reads everything, which must not panic.
func walk(v Value) {
	switch v.Type().String()[0] {
	case 's', 'o', 'g':
		_ = v.Str()
	case 'v':
		walk(v.Variant())
	case 'a', '(', '{':
		for i := range v.Len() {
			walk(v.At(i))
		}
	}
}
