package archtest

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestObjection(t *testing.T) {
	for _, tt := range []struct {
		from, to string
		want     string // part of the objection, "" for none
	}{
		{"", "applets", ""},
		{"", "client", "may import"},
		{"applets/sotactl", "client", ""},
		{"applets/sotactl", "applets/applet", ""},
		{"applets/sotactl", "internal/config", ""},
		{"applets/sotactl", "ostreelite/repo", "may import"},
		{"client", "ostreelite/sysroot", ""},
		{"client", "applets/applet", "may import"},
		{"client", "factory/keys", "may import"},
		{"client", "internal/state", ""},
		{"ostreelite/pull", "ostreelite/repo", ""},
		{"ostreelite/pull", "internal/atomicfile", ""},
		{"ostreelite/pull", "internal/config", "as parameters"},
		{"ostreelite/pull", "tuf", "may import"},
		{"tuf", "internal/gateway", "as parameters"},
		{"apps/store", "ostreelite/repo", "may import"},
		{"bootfw", "client", "may import"},
		{"initramfs", "client", ""},
		{"initramfs", "tuf", "may import"},
		{"internal/gateway", "internal/config", ""},
		{"internal/gateway", "tuf", "may import"},
		{"factory/gateway", "ostreelite/repo", ""},
		{"factory/gateway", "client", "may import"},
		{"factory/gateway", "internal/gateway", "as parameters"},
		{"e2e", "factory/keys", ""},
		{"cellar", "client", "not a room"},
	} {
		got := Objection(path(tt.from), path(tt.to))
		if tt.want == "" {
			require.Empty(t, got, "%s -> %s", tt.from, tt.to)
		} else {
			require.Contains(t, got, tt.want, "%s -> %s", tt.from, tt.to)
		}
	}
	require.Empty(t, Objection(path("client"), "net/http"))
}

// path is the import path of a package of this module.
func path(inside string) string {
	return strings.TrimSuffix(Module+"/"+inside, "/")
}

// golist runs go list and returns its lines. tags are build tags.
func golist(t *testing.T, tags, format string, patterns ...string) []string {
	t.Helper()
	args := append([]string{"list", "-tags", tags, "-f", format}, patterns...)
	cmd := exec.Command("go", args...)
	cmd.Dir = "../.."
	// The architecture of the smallest boards; cgo is as in a release.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

func TestArrows(t *testing.T) {
	seen := 0
	for _, line := range golist(t, "factory", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, "./...") {
		from, imports, _ := strings.Cut(line, " ")
		for to := range strings.FieldsSeq(imports) {
			seen++
			if why := Objection(from, to); why != "" {
				t.Errorf("%s imports %s: %s", from, to, why)
			}
		}
	}
	require.Greater(t, seen, 20, "go list listed the imports")
}

func TestNothingBloatsTheBinary(t *testing.T) {
	packages := golist(t, "nethttpomithttp2", `{{.ImportPath}}`, "-deps", ".")
	require.Contains(t, packages, Module)
	for _, p := range packages {
		if why, ok := Bloating[p]; ok {
			t.Errorf("the device binary contains %s, which %s; see: go mod why %s", p, why, p)
		}
		if strings.HasPrefix(p, Module+"/factory") || strings.HasPrefix(p, Module+"/e2e") {
			t.Errorf("the device binary contains %s", p)
		}
	}
}
