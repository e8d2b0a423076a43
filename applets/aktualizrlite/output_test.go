package aktualizrlite

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/client"
)

type fixedDevice struct{ current client.Target }

func (d fixedDevice) Current() client.Target    { return d.current }
func (fixedDevice) Failing(name string) bool    { return name == "t-99" }
func (fixedDevice) AppEnabled(name string) bool { return name == "a" }

func TestListed(t *testing.T) {
	v := func(name string, version int, custom string) client.Target {
		return client.Target{Name: name, Version: version, Commit: "c", Custom: []byte(custom)}
	}
	apps := `{"docker_compose_apps":{"b":{"uri":"u2"},"a":{"uri":"u1"}}}`
	targets := []client.Target{v("t-92", 92, ""), v("t-93", 93, "{}"), v("t-99", 99, apps), v("t-100", 100, "")}
	sel := client.Selection{Action: client.NewVersion, Target: targets[3], Reason: "Updating from t-93 to t-100"}

	var b strings.Builder
	require.NoError(t, printJSON(&b, listed(fixedDevice{targets[1]}, targets, sel)))
	require.JSONEq(t, `[
		{"name":"t-92","version":92,"apps":[]},
		{"name":"t-93","version":93,"apps":[],"current":true},
		{"name":"t-99","version":99,"apps":[{"name":"a","uri":"u1","on":true},{"name":"b","uri":"u2","on":false}],"newer":true,"failed":true},
		{"name":"t-100","version":100,"apps":[],"newer":true,"selected":true,"reason":"Updating from t-93 to t-100"}]`, b.String())

	b.Reset()
	require.NoError(t, printJSON(&b, listed(fixedDevice{}, nil, client.Selection{})))
	require.Equal(t, "[]\n", b.String())
}

func TestStatus(t *testing.T) {
	applied := client.Target{Name: "t-93", Version: 93, Commit: "cc", Custom: []byte(`{"docker_compose_apps":{"a":{"uri":"u1"}}}`)}
	s := client.Status{DeviceName: "dev", Factory: "fac", UUID: "id", Commit: "cc", Tag: "main", Applied: &applied}
	var b strings.Builder
	require.NoError(t, printJSON(&b, describeStatus(fixedDevice{applied}, s)))
	require.JSONEq(t, `{"device_name":"dev","device_factory":"fac","device_uuid":"id","ostree_hash":"cc","tag":"main",
		"applied_target":{"name":"t-93","version":93,"ostree_hash":"cc","apps":[{"name":"a","uri":"u1","on":true,"running":false}]}}`, b.String())

	s = client.Status{Applied: &client.Target{Name: "t-1", Version: 1}}
	b.Reset()
	require.NoError(t, printJSON(&b, describeStatus(fixedDevice{}, s)))
	require.True(t, json.Valid([]byte(b.String())))
	require.Contains(t, b.String(), `"apps": []`)

	b.Reset()
	printStatus(&b, fixedDevice{}, client.Status{UUID: "id", Applied: &applied})
	require.Equal(t, "Device UUID: id\nActive image is: 93\tsha256:cc\n\tDocker Compose Apps:\n\ton : a -> u1\n", b.String())
}
