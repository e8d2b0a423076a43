package tuf

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestScanRefuses(t *testing.T) {
	for _, text := range []string{
		"", " ", "null", "[]", `"a"`, "{", "}", "{,}", `{"a"}`, `{"a":}`, `{"a":1`, `{"a":1,}`, `{"a":1 "b":2}`, `{"a":1}x`, `{a:1}`,
		`{"a:1}`, `{"a\":1}`, `{"a":[}`, `{"a":"}`, `{1:2}`, `{"a":{"b":"}}`,
	} {
		_, err := parseObject([]byte(text))
		require.Error(t, err, text)
	}
	for _, text := range []string{"", "null", "{}", "[", "[1", "[1,", "[1,]", "[,1]", "[1]2", "[1 2]", `["a]`} {
		require.Error(t, scanArray([]byte(text), func([]byte) error { return nil }), text)
	}
}

// FuzzScan takes apart what encoding/json takes apart, with the same result.
func FuzzScan(f *testing.F) {
	for _, text := range []string{
		`{"a":[1,{"b":"]}"}],"\u0061\\":"\\\"","":null}`, ` { "a" : 1 , "b" : [ ] } `, `[[],{},"",0,true]`, `{"a":1}}`, `{"a"`, `"\"`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := parseObject(data)
		var items []json.RawMessage
		arrayErr := scanArray(data, func(item []byte) error { items = append(items, item); return nil })
		if !json.Valid(data) {
			return // it need not be noticed
		}
		var want map[string]json.RawMessage
		if json.Unmarshal(data, &want) == nil && want != nil {
			require.NoError(t, err)
			require.Equal(t, want, got)
		} else {
			require.Error(t, err)
		}
		var wantItems []json.RawMessage
		if json.Unmarshal(data, &wantItems) == nil && wantItems != nil {
			require.NoError(t, arrayErr)
			require.Len(t, items, len(wantItems))
			for i := range items {
				require.Equal(t, string(wantItems[i]), string(items[i]))
			}
		} else {
			require.Error(t, arrayErr)
		}
	})
}
