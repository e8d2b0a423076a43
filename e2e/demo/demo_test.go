//go:build factory

package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/factory"
)

// TestDemoNoticesABadAgent plays the demo with an agent that is content with
// everything and does nothing.
func TestDemoNoticesABadAgent(t *testing.T) {
	bin, dir := t.TempDir(), filepath.Join(t.TempDir(), "demo")
	t.Cleanup(func() { require.NoError(t, factory.MakeRemovable(dir)) })
	require.NoError(t, os.WriteFile(filepath.Join(bin, "aktualizr-lite"), []byte("#!/bin/sh\nexit 0\n"), 0o755))

	for range 2 { // the second time over what the first one left
		err := demo(context.Background(), bin, dir, 20)
		require.ErrorContains(t, err, "check: exit code 0, expected 16")
	}
}

func TestDemoNeedsTheBinary(t *testing.T) {
	err := demo(context.Background(), t.TempDir(), filepath.Join(t.TempDir(), "demo"), 20)
	require.ErrorContains(t, err, "make build")
}

func TestDemoRemovesOnlyItsOwn(t *testing.T) {
	dir := t.TempDir()
	precious := filepath.Join(dir, "precious")
	require.NoError(t, os.WriteFile(precious, nil, 0o644))
	require.ErrorContains(t, prepare(dir), "-dir")
	require.FileExists(t, precious)
}

func TestCompareTreesSeesEveryDifference(t *testing.T) {
	for name, change := range map[string]func(dir string) error{
		"content": func(dir string) error { return os.WriteFile(filepath.Join(dir, "file"), []byte("B"), 0o644) },
		"mode":    func(dir string) error { return os.Chmod(filepath.Join(dir, "file"), 0o600) },
		"missing": func(dir string) error { return os.Remove(filepath.Join(dir, "file")) },
		"extra":   func(dir string) error { return os.Mkdir(filepath.Join(dir, "more"), 0o755) },
		"link": func(dir string) error {
			os.Remove(filepath.Join(dir, "link"))
			return os.Symlink("elsewhere", filepath.Join(dir, "link"))
		},
	} {
		want, got := t.TempDir(), t.TempDir()
		for _, dir := range []string{want, got} {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), []byte("A"), 0o644))
			require.NoError(t, os.Symlink("file", filepath.Join(dir, "link")))
			// Both sides' roots have the same mode, whatever the umask.
			require.NoError(t, os.Chmod(dir, 0o755))
		}
		require.NoError(t, compareTrees(want, got), name)
		require.NoError(t, change(got), name)
		require.Error(t, compareTrees(want, got), name)
	}
}
