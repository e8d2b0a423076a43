//go:build factory

package inject

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	if err := Become(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(127)
	}
	if dir := os.Getenv("INJECT_TEST_DIR"); dir != "" {
		write(dir)
		os.Exit(7)
	}
	os.Exit(m.Run())
}

// write makes three directories, each from a thread of its own, after talking
// to stdout, which is nothing that counts.
func write(dir string) {
	for i := range 3 {
		fmt.Println("hello")
		done := make(chan struct{})
		go func() {
			_ = os.Mkdir(filepath.Join(dir, fmt.Sprint(i)), 0o755)
			close(done)
		}()
		<-done
	}
}

func self(t *testing.T, dir string) Command {
	t.Helper()
	path, err := os.Executable()
	require.NoError(t, err)
	return Command{Path: path, Env: append(os.Environ(), "INJECT_TEST_DIR="+dir)}
}

func TestUndisturbed(t *testing.T) {
	dir := t.TempDir()
	r, err := Run(self(t, dir), 0)
	require.NoError(t, err)
	require.Equal(t, Result{Writes: 3, ExitCode: 7, Output: []byte("hello\nhello\nhello\n")}, r)
}

func TestKilledBeforeTheCall(t *testing.T) {
	for n := 1; n <= 3; n++ {
		dir := t.TempDir()
		r, err := Run(self(t, dir), n)
		require.NoError(t, err)
		require.True(t, r.Killed)
		require.Equal(t, n, r.Writes)
		require.Equal(t, -1, r.ExitCode)
		require.Equal(t, "mkdirat", r.Call)
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, entries, n-1)
	}
	r, err := Run(self(t, t.TempDir()), 4)
	require.NoError(t, err)
	require.False(t, r.Killed)
}

// A shell starts other programs; their calls count, and they die with it.
func TestChildren(t *testing.T) {
	sh, err := exec.LookPath("sh")
	require.NoError(t, err)
	dir := t.TempDir()
	script := "cd " + dir + "; mkdir a; echo text >b; mv b c; ln -s c d; chmod 600 c; rm c; sleep 600 & wait"
	run := func(n int) Result {
		r, err := Run(Command{Path: sh, Args: []string{"-c", script}, Env: os.Environ()}, n)
		require.NoError(t, err)
		return r
	}
	var names []string
	for n := 1; n <= 6; n++ {
		require.NoError(t, os.RemoveAll(dir))
		require.NoError(t, os.Mkdir(dir, 0o755))
		begun := time.Now()
		r := run(n)
		require.True(t, r.Killed)
		require.Less(t, time.Since(begun), 30*time.Second)
		names = append(names, r.Call)
	}
	require.True(t, slices.Contains(names, "mkdir") || slices.Contains(names, "mkdirat"), names)
	require.Contains(t, names, "openat")
	require.Contains(t, names, "write")
}

func TestPatience(t *testing.T) {
	sleep, err := exec.LookPath("sleep")
	require.NoError(t, err)
	_, err = Run(Command{Path: sleep, Args: []string{"600"}, Env: os.Environ(), Patience: 200 * time.Millisecond}, 0)
	require.ErrorIs(t, err, ErrPatience)
}

func TestNoSuchProgram(t *testing.T) {
	r, err := Run(Command{Path: "/nowhere/at/all"}, 0)
	require.NoError(t, err)
	require.Equal(t, 127, r.ExitCode)
	require.Contains(t, string(r.Output), "/nowhere/at/all")
}
