package client

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/tuf"
)

func TestBundled(t *testing.T) {
	const custom = `{"version":"7","docker_compose_apps":{"a":{"uri":"ua"},"b":{"uri":"ub"}},"x":[1,2]}`
	for name, c := range map[string]struct {
		fetched *tuf.FetchedApps
		want    string
	}{
		"not said":            {nil, custom},
		"all":                 {&tuf.FetchedApps{URI: "u"}, custom},
		"none":                {&tuf.FetchedApps{}, `{"version":"7","x":[1,2]}`},
		"none, whatever list": {&tuf.FetchedApps{Shortlist: []string{"a"}}, `{"version":"7","x":[1,2]}`},
		"one":                 {&tuf.FetchedApps{URI: "u", Shortlist: []string{"b", "c"}}, `{"version":"7","docker_compose_apps":{"b":{"uri":"ub"}},"x":[1,2]}`},
		"only unknown ones":   {&tuf.FetchedApps{URI: "u", Shortlist: []string{"c"}}, `{"version":"7","x":[1,2]}`},
	} {
		t.Run(name, func(t *testing.T) {
			in := []tuf.Target{{Name: "t-7", Custom: json.RawMessage(custom), FetchedApps: c.fetched}}
			got := bundled(in)
			require.JSONEq(t, c.want, string(got[0].Custom))
			require.Equal(t, custom, string(in[0].Custom), "the input stays as it was")
		})
	}
	bare := []tuf.Target{{Name: "t-7", Custom: json.RawMessage(`{"version":"7"}`), FetchedApps: &tuf.FetchedApps{}}}
	require.JSONEq(t, `{"version":"7"}`, string(bundled(bare)[0].Custom))
}

func TestMissing(t *testing.T) {
	target := Target{Name: "t-7", Commit: "cc", Custom: json.RawMessage(`{"docker_compose_apps":{"a":{"uri":"ua"},"b":{"uri":"ub"}}}`)}
	has := func(list ...string) func(string) bool {
		return func(s string) bool { return slices.Contains(list, s) }
	}
	for name, c := range map[string]struct {
		commits, apps, needed []string
		want                  string
	}{
		"all there":           {[]string{"cc"}, []string{"ua", "ub"}, []string{"a", "b"}, ""},
		"no commit":           {[]string{"dd"}, []string{"ua", "ub"}, []string{"a", "b"}, "commit cc"},
		"no app":              {[]string{"cc"}, []string{"ua"}, []string{"a", "b"}, "app b, ub"},
		"an app not needed":   {[]string{"cc"}, []string{"ua"}, []string{"a"}, ""},
		"another app version": {[]string{"cc"}, []string{"ua2"}, []string{"a"}, "app a, ua"},
	} {
		got := missing(target, contents{commit: has(c.commits...), app: has(c.apps...)}, has(c.needed...))
		require.Equal(t, c.want, got, name)
	}
}
