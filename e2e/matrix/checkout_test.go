//go:build factory

package matrix

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// asUser says whether a checkout must do without owners and attributes.
func asUser(mode repo.Mode) bool { return !isRoot || mode == repo.BareUserOnly }

// theirCheckout checks a commit out with the real ostree.
func theirCheckout(t testing.TB, path string, c object.Checksum) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	args := []string{"--repo=" + path, "checkout"}
	r, err := repo.Open(path)
	require.NoError(t, err)
	defer r.Close()
	if asUser(r.Mode()) {
		args = append(args, "--user-mode")
	}
	ostree(t, append(args, c.String(), out)...)
	return out
}

// ourCheckout checks a commit out with us.
func ourCheckout(t testing.TB, path string, c object.Checksum) string {
	t.Helper()
	parent := t.TempDir()
	dir, err := unix.Open(parent, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	require.NoError(t, err)
	defer unix.Close(dir)
	r, err := repo.Open(path)
	require.NoError(t, err)
	defer r.Close()
	require.NoError(t, r.Checkout(context.Background(), repo.CheckoutOptions{
		Commit: c, Dir: dir, Name: "out", User: asUser(r.Mode()),
	}))
	return filepath.Join(parent, "out")
}
