//go:build factory

package cli

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/factory"
)

func call(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = Run(context.Background(), args, &out, &errs)
	return code, out.String(), errs.String()
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{nil, {"help"}, {"--help"}, {"-h"}} {
		code, stdout, stderr := call(args...)
		require.Zero(t, code)
		require.Empty(t, stderr)
		for _, c := range commands() {
			require.Contains(t, stdout, "  "+c.name+" ")
		}
	}
	for _, c := range commands() {
		code, stdout, stderr := call(c.name, "--help")
		require.Zero(t, code)
		require.Empty(t, stderr)
		require.Contains(t, stdout, "Usage: sotabox-factory "+c.name)
	}
}

func TestBadUsage(t *testing.T) {
	for _, args := range [][]string{
		{"no-such-command"},
		{"new"},
		{"new", "a", "b"},
		{"new", "a", "--files", "many"},
		{"publish", "a", "--no-such-flag"},
		{"publish", "a", "--version"},
	} {
		code, stdout, stderr := call(args...)
		require.Equal(t, 2, code, args)
		require.Empty(t, stdout, args)
		require.Equal(t, 1, strings.Count(stderr, "\n"), "%v: %s", args, stderr)
		require.Contains(t, stderr, "see sotabox-factory")
	}
}

func TestFailuresAreOneClearLine(t *testing.T) {
	empty := t.TempDir()
	for _, args := range [][]string{
		{"publish", empty, "--version", "1"},
		{"serve", empty},
		{"targets", filepath.Join(empty, "nowhere")},
		{"device", empty, filepath.Join(empty, "device")},
		{"reboot", empty},
		{"fall-back", empty},
		{"remove", filepath.Join(empty, "nowhere")},
		{"new", filepath.Join(empty, "f"), "--dialect", "klingon"},
		{"new", filepath.Join(empty, "g"), "--key-type", "dsa"},
	} {
		code, _, stderr := call(args...)
		require.Equal(t, 1, code, args)
		require.Equal(t, 1, strings.Count(stderr, "\n"), "%v: %s", args, stderr)
	}
}

func TestOneRound(t *testing.T) {
	work := t.TempDir()
	dir, device := filepath.Join(work, "factory"), filepath.Join(work, "device")
	t.Cleanup(func() { require.NoError(t, factory.MakeRemovable(work)) })
	do := func(args ...string) string {
		t.Helper()
		code, stdout, stderr := call(args...)
		require.Zero(t, code, "%v: %s", args, stderr)
		return stdout
	}
	do("new", dir, "--files", "20", "--listen", "127.0.0.1:0", "--name", "acme", "--hardware-id", "board")
	require.Contains(t, do("publish", "--version", "1", dir), "published board-lmp-1, commit ")
	require.Contains(t, do("publish", dir, "--version", "2", "--tag", "devel"), "board-lmp-2")
	targets := do("targets", dir)
	require.Equal(t, 2, strings.Count(targets, "\n"))
	require.Contains(t, targets, "board-lmp-2\tversion 2\ttags devel\tcommit ")
	require.Contains(t, do("withdraw", dir, "2"), "board-lmp-2")
	require.NotContains(t, do("targets", dir), "board-lmp-2")
	require.Contains(t, do("rotate-root", dir, "--roles", "root,timestamp", "--keys", "2", "--threshold", "2"), "root version 2")
	require.Contains(t, do("expire", dir, "--role", "snapshot", "--at", "2001-02-03T04:05:06Z"), "2001-02-03T04:05:06Z")
	require.Contains(t, do("device", dir, device, "--production", "--provision-root"), filepath.Join(device, "sota/sota.toml"))
	require.FileExists(t, filepath.Join(device, "tuf/prod/2.root.json"))

	require.Contains(t, do("reboot", device), "nothing had asked for it")
	require.NoError(t, os.WriteFile(filepath.Join(device, "run/need_reboot"), nil, 0o644))
	require.Contains(t, do("reboot", device), "finish the update")

	address := serveBriefly(t, dir)
	require.Contains(t, do("configure", dir, device), address)
	config, err := os.ReadFile(filepath.Join(device, "sota/sota.toml"))
	require.NoError(t, err)
	require.Contains(t, string(config), address)

	do("remove", device)
	require.NoDirExists(t, device)
}

// serveBriefly runs the gateway until it has said where it listens.
func serveBriefly(t *testing.T, dir string) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	reader, writer := io.Pipe()
	done := make(chan int, 1)
	var errs bytes.Buffer
	go func() {
		done <- Run(ctx, []string{"serve", dir}, writer, &errs)
		writer.Close()
	}()
	line := make([]byte, 1000)
	n, err := reader.Read(line)
	require.NoError(t, err, errs.String())
	stop()
	require.Zero(t, <-done, errs.String())
	_, address, found := strings.Cut(strings.TrimSpace(string(line[:n])), " on ")
	require.True(t, found, string(line[:n]))
	return address
}
