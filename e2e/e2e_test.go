//go:build factory

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/e2e/harness"
)

func TestScripts(t *testing.T) {
	testscript.Run(t, harness.Params("testdata", applets(t)))
}

// applets returns a directory with the applets' links to the binary under test:
// the one SOTABOX_BIN names, else one built as make build does.
func applets(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	binary := os.Getenv("SOTABOX_BIN")
	if binary == "" {
		binary = filepath.Join(dir, "sotabox")
		build := exec.Command("go", "build", "-tags", "nethttpomithttp2", "-trimpath", "-buildvcs=false", "-o", binary, "..")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		output, err := build.CombinedOutput()
		require.NoError(t, err, "%s", output)
	} else {
		absolute, err := filepath.Abs(binary)
		require.NoError(t, err)
		require.FileExists(t, absolute)
		require.NoError(t, os.Symlink(absolute, filepath.Join(dir, "sotabox")))
	}
	for _, applet := range []string{"aktualizr-lite", "sotactl", "bundle-apply"} {
		require.NoError(t, os.Symlink("sotabox", filepath.Join(dir, applet)))
	}
	return dir
}
