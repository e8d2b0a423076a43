//go:build factory

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/e2e/crash/inject"
)

func TestMain(m *testing.M) {
	if err := inject.Become(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(127)
	}
	os.Exit(m.Run())
}

// TestCalls cuts every command at a dozen places; make crash does so at all.
func TestCalls(t *testing.T) {
	w := testWorld(t)
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			st, err := setStage(t.Context(), w, s, filepath.Join(w.dir, s.name))
			require.NoError(t, err)
			stride := max(1, st.writes/12)
			result := &tally{name: s.name, evidence: t.TempDir()}
			require.NoError(t, st.everyCall(t.Context(), 1+int(os.Getpid())%stride, stride, result))
			t.Logf("%d of %d calls", result.cuts, st.writes)
			require.Empty(t, result.violations)
		})
	}
}

func testWorld(t *testing.T) *world {
	t.Helper()
	dir, err := os.MkdirTemp(fastDir(), "crash-")
	require.NoError(t, err)
	w, err := newWorld(t.Context(), dir, testAgent(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.close()) })
	return w
}

// testAgent is the binary that SOTABOX_BIN names, else one built as make build
// does.
func testAgent(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	binary := os.Getenv("SOTABOX_BIN")
	if binary == "" {
		binary = filepath.Join(dir, "sotabox")
		build := exec.Command("go", "build", "-tags", "nethttpomithttp2", "-trimpath", "-buildvcs=false", "-o", binary, "../..")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		output, err := build.CombinedOutput()
		require.NoError(t, err, "%s", output)
	}
	binary, err := filepath.Abs(binary)
	require.NoError(t, err)
	agent := filepath.Join(dir, "aktualizr-lite")
	require.NoError(t, os.Symlink(binary, agent))
	return agent
}
