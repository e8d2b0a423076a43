package tuf

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The expectations are what jsoncpp 1.9.5 writes with an empty indentation, except for the integer beyond 64 bits.
func TestCanonical(t *testing.T) {
	for in, want := range map[string]string{
		` { "b" : 1, "a" : [ 1 , 2 , { } , [ ] ] } `:             `{"a":[1,2,{},[]],"b":1}`,
		`{"B":1,"a":2,"":3,"aa":4,"a\u0000":5,"\u00e9":6,"~":7}`: `{"":3,"B":1,"a":2,"a\u0000":5,"aa":4,"~":7,"\u00e9":6}`,
		`"plain /\/ text"`:                     `"plain // text"`,
		`"\"\\\b\f\n\r\t"`:                     `"\"\\\b\f\n\r\t"`,
		`"\u0000\u001F\u007f\u0041"`:           "\"\\u0000\\u001f\x7fA\"",
		`"é €"`:                                `"\u00e9 \u20ac"`,
		`"😀 \uD83D\uDE00 "`:                    `"\ud83d\ude00 \ud83d\ude00 "`,
		`[0,-1,12345678901234567890123456]`:    `[0,-1,12345678901234567890123456]`,
		`[0.1,1.5,1.0,1e3,1E20,-2.5e-7]`:       `[0.10000000000000001,1.5,1.0,1000.0,1e+20,-2.4999999999999999e-07]`,
		`[true,false,null]`:                    `[true,false,null]`,
		`{"k":"-----BEGIN\nAAAA\n-----END\n"}`: `{"k":"-----BEGIN\nAAAA\n-----END\n"}`,
	} {
		got, err := Canonical([]byte(in))
		require.NoError(t, err, in)
		require.Equal(t, want, string(got), in)
		again, err := Canonical(got)
		require.NoError(t, err)
		require.Equal(t, got, again, "canonical form of a canonical form")
	}
}

func TestCanonicalRefuses(t *testing.T) {
	for _, in := range []string{
		``, ` `, `{`, `{"a":1}x`, `{"a":1} {}`, `{'a':1}`, `[1,]`, `// c` + "\n1", `01`, `+1`, `NaN`,
		`{"a":1,"a":1}`, `{"a":1,"\u0061":2}`, `{"x":{"a":1,"b":2,"a":3}}`,
		`"\ud800"`, `"\udc00"`, `"\ud800\u0041"`, `"\ud800x"`, `"\ud83d\ud83d"`,
		"\"\xff\"", "\"\xed\xa0\x80\"", `1e999`, `-1e999`,
		strings.Repeat("[", maxDepth+2) + strings.Repeat("]", maxDepth+2),
	} {
		_, err := Canonical([]byte(in))
		require.ErrorIs(t, err, ErrInvalid, in)
	}
}

func FuzzCanonical(f *testing.F) {
	f.Add([]byte(`{"b":[1,2.5,"\ud83d\ude00"],"a":{"\u0000":null}}`))
	f.Add([]byte(`"\ud800"`))
	f.Add([]byte(`[1e400]`))
	f.Add([]byte(`{"a":{"x":[],"x":[]}}`))
	f.Add([]byte("{\"\u2028\":\"<&>\x7f\",\"\":-0.0}"))
	for _, data := range newTestRepo(f).files {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		out, err := Canonical(data)
		want, refErr := referenceCanonical(data)
		if err != nil {
			require.ErrorIs(t, err, ErrInvalid)
			require.Error(t, refErr, "the second implementation takes it")
			return
		}
		require.NoError(t, refErr)
		require.Equal(t, want, string(out))
		again, err := Canonical(out)
		require.NoError(t, err)
		require.Equal(t, out, again)
	})
}
