package client

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/internal/state"
)

func TestIdentify(t *testing.T) {
	v1, v2 := Target{Name: "t-1", Version: 1, Commit: "c1"}, Target{Name: "t-2", Version: 2, Commit: "c2"}
	same := Target{Name: "t-3", Version: 3, Commit: "c2"}
	s := state.State{}.Installed(v1).Installed(v2).Installed(same)
	require.Equal(t, same, identify(s, "c2", nil), "of two targets with one commit the current one")
	require.Equal(t, v1, identify(s, "c1", nil), "went back without the agent")
	require.Equal(t, state.Initial("c9"), identify(s, "c9", &v2))
	require.Equal(t, v2, identify(state.State{}, "c2", &v2))
	require.Equal(t, state.Initial("c2"), identify(state.State{}, "c2", nil))
}

func TestInstalledVersions(t *testing.T) {
	custom := `{"version":"7","tags":["main"]}`
	got, err := parseInstalledVersions([]byte(`{"t-6":{"hashes":{"sha256":"c6"},"is_current":false},
		"t-7":{"hashes":{"sha256":"c7"},"is_current":true,"custom":` + custom + `}}`))
	require.NoError(t, err)
	require.Equal(t, &Target{Name: "t-7", Version: 7, Commit: "c7", Custom: []byte(custom)}, got)

	got, err = parseInstalledVersions([]byte(`{"c5":"t-5"}`))
	require.NoError(t, err)
	require.Equal(t, &Target{Name: "t-5", Version: -1, Commit: "c5"}, got)

	got, err = parseInstalledVersions([]byte(`{}`))
	require.NoError(t, err)
	require.Nil(t, got)
	_, err = parseInstalledVersions([]byte(`[1]`))
	require.Error(t, err)
}
