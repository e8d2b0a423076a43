//go:build factory

package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/factory"
)

// TestSigningRound hands root and targets to three people, two of whom must sign, and publishes with them.
func TestSigningRound(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Cleanup(func() { require.NoError(t, factory.MakeRemovable(".")) })
	do := func(args ...string) string {
		t.Helper()
		code, stdout, stderr := call(args...)
		require.Zero(t, code, "%v: %s", args, stderr)
		return stdout
	}
	fails := func(text string, args ...string) {
		t.Helper()
		code, _, stderr := call(args...)
		require.Equal(t, 1, code, args)
		require.Contains(t, stderr, text)
	}
	do("new", "f", "--files", "20")
	do("publish", "f", "--version", "1")
	for _, name := range []string{"alice", "bob", "carol"} {
		require.Contains(t, do("sign-key", name), "hand out "+name+".pub")
	}
	fails("file exists", "sign-key", "alice")
	keys := "--keys=alice.pub,bob.pub,carol.pub"

	require.Contains(t, do("sign-root", "f", "root.json", keys, "--threshold", "2", "--role", "targets"), "wrote root version 2")
	require.Contains(t, do("sign", "root.json", "f/keys/root-1.json"), "targets: 2 of these keys must sign: ")
	fails("the targets must be signed again", "sign-publish", "f", "root.json")
	do("sign-targets", "f", "targets.json")
	do("sign", "targets.json", "alice")
	require.Contains(t, do("sign", "targets.json", "carol"), "signed targets version 3")
	require.Equal(t, "published root version 2", do("sign-publish", "f", "root.json", "targets.json")[:24])

	fails("if other people hold them", "publish", "f", "--version", "2")
	require.Contains(t, do("publish", "f", "--version", "2", "--unsigned", "next.json"), "wrote targets version 4")
	fails("file exists", "publish", "f", "--version", "3", "--unsigned", "next.json")
	do("sign", "next.json", "bob")
	status := do("sign-status", "f", "next.json")
	require.Contains(t, status, "1 of 2 needed: targets keys of root version 2")
	require.Contains(t, status, `target "demo-board-lmp-2", tags ["main"], commit `)
	fails("not signed by enough keys", "sign-publish", "f", "next.json")
	do("sign", "next.json", "alice")
	do("sign-publish", "f", "next.json")
	require.Contains(t, do("targets", "f"), "demo-board-lmp-2")

	do("bundle", "f", "b", "--targets", "2", "--unsigned", "bundle.json")
	require.NoFileExists(t, "b")
	fails("not signed by enough keys", "bundle", "f", "b", "--targets", "2", "--signed", "bundle.json")
	require.Contains(t, do("sign", "bundle.json", "alice"), `bundle of type "ci" for tag "main" with targets ["demo-board-lmp-2"]`)
	do("sign", "bundle.json", "bob")
	fails("of another bundle", "bundle", "f", "b", "--targets", "1", "--signed", "bundle.json")
	require.Contains(t, do("bundle", "f", "b", "--targets", "2", "--signed", "bundle.json"), "made bundle b")
	require.FileExists(t, filepath.Join("b", "tuf", "bundle-targets.json"))

	fails("holds a private key", "sign-root", "f", "x", "--keys", "alice")
	require.NoError(t, os.WriteFile("page", []byte("<html>"), 0o644))
	fails("not valid JSON", "sign", "page", "alice")
}

func TestBundles(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Cleanup(func() { require.NoError(t, factory.MakeRemovable(".")) })
	for _, args := range [][]string{
		{"new", "f", "--files", "20"},
		{"publish", "f", "--version", "1"},
		{"bundle", "f", "b.tar.zst", "--targets", "1", "--production", "--tag", "x", "--expires", "2001-02-03T04:05:06Z"},
		{"bundle", "f", "b", "--targets", "1", "--no-description"},
	} {
		code, _, stderr := call(args...)
		require.Zero(t, code, "%v: %s", args, stderr)
	}
	require.FileExists(t, "b.tar.zst")
	require.NoFileExists(t, "b/tuf/bundle-targets.json")
	for _, args := range [][]string{
		{"bundle", "f", "c"}, {"bundle", "f", "b", "--targets", "1"}, {"bundle", "f", "c", "--targets", "1", "--expires", "soon"},
	} {
		code, _, _ := call(args...)
		require.Equal(t, 1, code, args)
	}
}
