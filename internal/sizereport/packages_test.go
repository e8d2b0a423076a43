package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOwner(t *testing.T) {
	for symbol, want := range map[string]string{
		"main.main":             "main",
		"runtime.mheap_":        "runtime",
		"net/http.(*Client).Do": "net/http",
		"github.com/sotabox/sotabox/client.New.func1":         "github.com/sotabox/sotabox/client",
		"github.com/theupdateframework/go-tuf/v2/metadata.X":  "github.com/theupdateframework/go-tuf/v2/metadata",
		"gopkg.in/yaml%2ev3.yaml_emit":                        "gopkg.in/yaml.v3",
		"vendor/golang.org/x/net/http/httpproxy.FromEnv":      "vendor/golang.org/x/net/http/httpproxy",
		"os.doInRoot[go.shape.struct { net/url.a int }]":      "os",
		"slices.SortFunc[go.shape.[]example.com/a/b.T].func1": "slices",
		"type:.eq.crypto/tls.Config":                          "crypto/tls",
		"type:.hash.crypto/tls.Config":                        "crypto/tls",
		"type:.eq.[16]sync.poolLocal":                         partTypes,
		"type:*":                                              partTypes,
		"go:string.*":                                         partTypes,
		"go:itab.*os.File,io.Reader":                          partTypes,
		"_rt0_arm_linux":                                      partRest,
	} {
		require.Equal(t, want, owner(symbol), symbol)
	}
}

func TestByCost(t *testing.T) {
	names, dropped := byCost([]Costs{
		{"small": 9, "tls": 50, "http": 40, "grows": 1},
		{"small": 9, "tls": 55, "http": 90, "grows": 10},
	}, 10)
	require.Equal(t, []string{"http", "tls", "grows"}, names, "by the largest of any architecture")
	require.Equal(t, Costs{"small": 9}, dropped)
}
