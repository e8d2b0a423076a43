package tuf

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func collect(t *testing.T, targets string) ([]Target, []SkippedTarget) {
	list, err := parseObject(json.RawMessage(targets))
	require.NoError(t, err)
	var c targetCollector
	for _, name := range slices.Sorted(maps.Keys(list)) {
		c.addRaw(name, list[name])
	}
	return c.good, c.bad
}

func TestTarget(t *testing.T) {
	custom := `{"version":"42","hardwareIds":["intel"],"tags":["main","test"],"targetFormat":"OSTREE","name":"intel-lmp",
		"docker_compose_apps":{"app-1":{"uri":"hub/a@sha256:1"},"app.2":{"uri":"hub/b@sha256:2","x":1}},
		"delta-stats":{"sha256":"` + strings.Repeat("AB", 32) + `","size":123},"fetched-apps":{"uri":"u","shortlist":"app-1, app.2"},
		"lmp-manifest-sha":"m","meta-subscriber-overrides-sha":"o","containers-sha":"c","arch":"x86_64","image-file":"i.wic",
		"uri":"https://ci.example/42","createdAt":"2029-05-06T07:08:09Z","updatedAt":"soon","origUri":[1,{"a":null}]}`
	good, bad := collect(t, `{"intel-lmp-42":{"length":0,"hashes":{"sha256":"`+strings.Repeat("Cd", 32)+`"},"custom":`+custom+`}}`)
	require.Empty(t, bad)
	require.Equal(t, []Target{{
		Name: "intel-lmp-42", SHA256: strings.Repeat("cd", 32), Version: 42, HardwareIDs: []string{"intel"}, Tags: []string{"main", "test"},
		Format: "OSTREE", Apps: map[string]App{"app-1": {"hub/a@sha256:1"}, "app.2": {"hub/b@sha256:2"}},
		DeltaStats:  &DeltaStats{strings.Repeat("ab", 32), 123},
		FetchedApps: &FetchedApps{URI: "u", Shortlist: []string{"app-1", "app.2"}},
		ManifestSHA: "m", OverridesSHA: "o", ContainersSHA: "c", Arch: "x86_64", ImageFile: "i.wic", URI: "https://ci.example/42",
		CreatedAt: time.Date(2029, 5, 6, 7, 8, 9, 0, time.UTC), Custom: json.RawMessage(custom),
	}}, good)
}

func TestTargetsThatAreNotOSTree(t *testing.T) {
	good, bad := collect(t, `{
		"firmware":{"length":5,"hashes":{"sha512":"00"},"custom":{"targetFormat":"BINARY","hardwareIds":[]}},
		"bare":{"length":5,"hashes":{}},
		"null":{"length":5,"hashes":{},"custom":null}}`)
	require.Empty(t, bad)
	require.Len(t, good, 3)
	require.Equal(t, []string{"bare", "firmware", "null"}, []string{good[0].Name, good[1].Name, good[2].Name})
	require.Nil(t, good[2].Custom)
}

// One malformed entry is left out with a reason; its neighbour stays.
func TestMalformedTargets(t *testing.T) {
	sum := `"hashes":{"sha256":"` + strings.Repeat("00", 32) + `"}`
	ostree := func(more string) string {
		return `{"length":0,` + sum + `,"custom":{"targetFormat":"OSTREE","version":"1","hardwareIds":["h"]` + more + `}}`
	}
	for name, tt := range map[string]struct{ entry, reason string }{
		"not an object":         {`[]`, "not an object"},
		"no length":             {`{` + sum + `}`, "length"},
		"negative length":       {`{"length":-1,` + sum + `}`, "length"},
		"no hashes":             {`{"length":0}`, "hashes"},
		"short hash":            {`{"length":0,"hashes":{"sha256":"00"}}`, "sha256"},
		"custom is a list":      {`{"length":0,` + sum + `,"custom":[]}`, "custom"},
		"no commit":             {`{"length":0,"hashes":{},"custom":{"targetFormat":"OSTREE","version":"1","hardwareIds":["h"]}}`, "without a sha256"},
		"no version":            {`{"length":0,` + sum + `,"custom":{"targetFormat":"OSTREE","hardwareIds":["h"]}}`, "without a version"},
		"no hardware":           {`{"length":0,` + sum + `,"custom":{"targetFormat":"OSTREE","version":"1"}}`, "0 hardware identifiers"},
		"two kinds of hardware": {`{"length":0,` + sum + `,"custom":{"targetFormat":"OSTREE","version":"1","hardwareIds":["a","b"]}}`, "2 hardware identifiers"},
		"version is a word":     {`{"length":0,` + sum + `,"custom":{"version":"one"}}`, `"version"`},
		"version is signed":     {`{"length":0,` + sum + `,"custom":{"version":"+1"}}`, `"version"`},
		"version is too large":  {`{"length":0,` + sum + `,"custom":{"version":"2147483648"}}`, `"version"`},
		"tags are a string":     {ostree(`,"tags":"main"`), `"tags"`},
		"tag is a number":       {ostree(`,"tags":[1]`), `"tags"`},
		"app without uri":       {ostree(`,"docker_compose_apps":{"a":{}}`), `uri of app "a"`},
		"app named as a path":   {ostree(`,"docker_compose_apps":{"../a":{"uri":"x"}}`), "cannot name an app"},
		"delta stats":           {ostree(`,"delta-stats":{"sha256":"00","size":1}`), `"delta-stats"`},
		"fetched apps":          {ostree(`,"fetched-apps":{"uri":1}`), `"fetched-apps"`},
	} {
		t.Run(name, func(t *testing.T) {
			good, bad := collect(t, `{"bad":`+tt.entry+`,"good":`+ostree("")+`}`)
			require.Len(t, good, 1)
			require.Equal(t, "good", good[0].Name)
			require.Len(t, bad, 1)
			require.Contains(t, bad[0].Reason, tt.reason)
		})
	}
	_, bad := collect(t, `{"a\nb":`+ostree("")+`,"":`+ostree("")+`}`)
	require.Len(t, bad, 2)
}

func TestMalformedTargetIsReported(t *testing.T) {
	r := newTestRepo(t)
	r.targets["broken"] = map[string]any{"length": "0"}
	r.republish()
	trusted, err := testClient(t, r, Config{}).Refresh(t.Context())
	require.NoError(t, err)
	require.Len(t, trusted.Targets, 1)
	require.Equal(t, []SkippedTarget{{Name: "broken", Reason: "length: not an integer from 0 to 2^63-1"}}, trusted.Skipped)
}
