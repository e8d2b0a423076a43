//go:build factory

package harness

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLookInto(t *testing.T) {
	document, err := parseJSON(
		`[{"name":"a","version":1,"apps":[]},{"name":"b","version":12345678,"newer":true,"apps":null}]`)
	require.NoError(t, err)
	for path, want := range map[string]string{
		"length":          "2",
		"0.name":          "a",
		"name=b.newer":    "true",
		"name=a.newer":    "absent",
		"version=1.apps":  "[]",
		"name=b.apps":     "null",
		"name=c.version":  "absent",
		"2.name":          "absent",
		"0.length":        "3",
		"0.apps.length":   "0",
		"1.version":       "12345678",
		"0.name.too.deep": "absent",
	} {
		require.Equal(t, want, lookInto(document, strings.Split(path, ".")), path)
	}
}

func TestParseJSONWantsOneValue(t *testing.T) {
	for _, text := range []string{"", "[] []", "[", "log line\n[]"} {
		_, err := parseJSON(text)
		require.Error(t, err, text)
	}
}
