package applets

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/applets/applet"
)

// run calls Run with a table whose applets print how they were called and
// exit with 42.
func run(argv ...string) (code int, stdout, stderr string) {
	table := testTable()
	for i := range table {
		table[i].Main = func(c applet.Call) int {
			fmt.Fprintln(c.Stdout, c.Name, c.Version, strings.Join(c.Args, " "))
			return 42
		}
	}
	var out, errs bytes.Buffer
	code = Run(table, argv, applet.Call{Stdout: &out, Stderr: &errs, Version: "1.2.3"})
	return code, out.String(), errs.String()
}

func TestRunApplet(t *testing.T) {
	for _, argv := range [][]string{
		{"/usr/bin/sotactl.real", "pull", "2"},
		{"sotabox", "sotactl", "pull", "2"},
	} {
		code, stdout, stderr := run(argv...)
		require.Equal(t, 42, code, "an applet's exit code is the process's")
		require.Equal(t, "sotactl 1.2.3 pull 2\n", stdout)
		require.Empty(t, stderr)
	}
}

func TestRunThroughLinks(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Symlink("sotactl", filepath.Join(dir, "updater")))
	require.NoError(t, os.Symlink("sotabox", filepath.Join(dir, "sotactl")))
	require.NoError(t, os.Symlink("loop", filepath.Join(dir, "loop")))

	code, _, _ := run(filepath.Join(dir, "updater"))
	require.Equal(t, 42, code)
	code, _, _ = run(filepath.Join(dir, "loop"))
	require.Equal(t, 127, code)

	require.NoError(t, os.WriteFile(filepath.Join(dir, "sotabox"), nil, 0o755))
	t.Setenv("PATH", dir)
	code, _, _ = run("updater")
	require.Equal(t, 42, code, "a name without a path is looked up as the shell did")
}

func TestRunUnknown(t *testing.T) {
	for _, argv := range [][]string{
		{"/usr/bin/uptane"},
		{"sotabox", "uptane"},
		{"sotabox", "uptane", "--help"},
	} {
		code, stdout, stderr := run(argv...)
		require.Equal(t, 127, code)
		require.Empty(t, stdout)
		require.Contains(t, stderr, `"uptane" is not an applet`)
		require.Contains(t, stderr, "aktualizr-lite  the update agent\n")
		require.Contains(t, stderr, "sotactl         the example agent\n")
	}
}

func TestRunBinary(t *testing.T) {
	code, stdout, stderr := run("sotabox", "--list")
	require.Zero(t, code)
	require.Equal(t, "aktualizr-lite\nsotactl\n", stdout)
	require.Empty(t, stderr)

	for _, argv := range [][]string{{}, {"sotabox"}, {"sotabox", "-h"}, {"sotabox", "--help"}} {
		code, stdout, stderr = run(argv...)
		require.Zero(t, code)
		require.Contains(t, stdout, "Usage:\n")
		require.Contains(t, stdout, "the update agent")
		require.Empty(t, stderr)
	}

	for _, flag := range []string{"-v", "--version"} {
		code, stdout, _ = run("sotabox", flag)
		require.Zero(t, code)
		require.Equal(t, "sotabox 1.2.3\n", stdout)
	}
}

func TestRunBadUsage(t *testing.T) {
	tests := []struct {
		args []string
		want string
	}{
		{[]string{"--lst"}, `unknown option "--lst"`},
		{[]string{"--list", "x"}, `unexpected argument "x" after --list`},
		{[]string{"--install"}, "--install needs a directory"},
		{[]string{"--install", "a", "b"}, `unexpected argument "b" after --install`},
		{[]string{"--install", "/does/not/exist"}, "no such file or directory"},
	}
	for _, tt := range tests {
		code, stdout, stderr := run(append([]string{"sotabox"}, tt.args...)...)
		require.Equal(t, 1, code)
		require.Empty(t, stdout)
		require.Contains(t, stderr, tt.want)
		require.Equal(t, 1, strings.Count(stderr, "\n"), "one line: %q", stderr)
	}
}
