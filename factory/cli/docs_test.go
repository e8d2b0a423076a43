//go:build factory

package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/factory"
)

// TestSelfHostingGuide runs the commands of sotabox-factory that docs/self-hosting.md shows, in order.
func TestSelfHostingGuide(t *testing.T) {
	guide, err := os.ReadFile("../../docs/self-hosting.md")
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	t.Cleanup(func() { require.NoError(t, factory.MakeRemovable(".")) })
	ran := 0
	for i, block := range strings.Split(string(guide), "```") {
		script, ok := strings.CutPrefix(block, "sh\n")
		if i%2 == 0 || !ok {
			continue
		}
		for line := range strings.Lines(script) {
			words := strings.Fields(line)
			switch words[0] {
			case "mkdir":
				require.NoError(t, os.MkdirAll(filepath.FromSlash(words[2]), 0o755))
			case "sotabox-factory":
				code, _, stderr := call(words[1:]...)
				require.Zero(t, code, "%s: %s", line, stderr)
				ran++
			}
		}
	}
	require.Greater(t, ran, 30)
}
