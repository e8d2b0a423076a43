//go:build factory

package matrix

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

var allModes = []repo.Mode{repo.Bare, repo.BareUser, repo.BareUserOnly, repo.Archive}

// ostree runs the real command, the judge of all this.
func ostree(t testing.TB, args ...string) string {
	t.Helper()
	out, err := tryOSTree(args...)
	require.NoError(t, err, "ostree %s", strings.Join(args, " "))
	return out
}

func tryOSTree(args ...string) (string, error) {
	var out, errs bytes.Buffer
	cmd := exec.Command("ostree", args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%w: %s", err, errs.String())
	}
	return strings.TrimSpace(out.String()), nil
}

func checksum(t testing.TB, hex string) object.Checksum {
	t.Helper()
	c, err := object.ParseChecksum(hex)
	require.NoError(t, err)
	return c
}

// theirRepo is an empty repository made by the real ostree.
func theirRepo(t testing.TB, mode repo.Mode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "theirs")
	ostree(t, "--repo="+path, "init", "--mode="+mode.String())
	return path
}

// ourRepo is an empty repository made by us.
func ourRepo(t testing.TB, mode repo.Mode) *repo.Repo {
	t.Helper()
	r, err := repo.Create(filepath.Join(t.TempDir(), "ours"), mode)
	require.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	return r
}

func openRepo(t testing.TB, path string) *repo.Repo {
	t.Helper()
	r, err := repo.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	return r
}

// theirCommit commits dir with the real ostree.
func theirCommit(t testing.TB, path, dir string, args ...string) object.Checksum {
	t.Helper()
	return checksum(t, ostree(t, append([]string{"--repo=" + path, "commit", "--branch=main", "--subject=theirs",
		"--disable-fsync", "--tree=dir=" + dir}, args...)...))
}

// theirPull pulls with the real ostree over HTTP.
func theirPull(t testing.TB, path, url string, c object.Checksum) {
	t.Helper()
	addRemote(t, path, url)
	ostree(t, "--repo="+path, "pull", "--disable-fsync", "--disable-static-deltas", "origin", c.String())
	ostree(t, "--repo="+path, "refs", "--create=main", "--force", c.String())
}

func addRemote(t testing.TB, path, url string) {
	ostree(t, "--repo="+path, "remote", "add", "--force", "--no-gpg-verify", "origin", url)
}

// theirPullLocal pulls with the real ostree from another repository.
func theirPullLocal(t testing.TB, path, from string, c object.Checksum) {
	t.Helper()
	ostree(t, "--repo="+path, "pull-local", "--disable-fsync", from, c.String())
	ostree(t, "--repo="+path, "refs", "--create=main", "--force", c.String())
}

// serve serves a repository; wrap, if not nil, may interfere.
func serve(t testing.TB, path string, wrap func(http.Handler) http.Handler) string {
	var h http.Handler = http.FileServer(http.Dir(path))
	if wrap != nil {
		h = wrap(h)
	}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// listing is all that the real ostree has to say about a commit.
func listing(t testing.TB, path string, c object.Checksum) string {
	t.Helper()
	return ostree(t, "--repo="+path, "ls", "-R", "-X", "-C", c.String())
}

// requireSound lets both sides check a repository that has commit c whole.
func requireSound(t testing.TB, path string, c object.Checksum) {
	t.Helper()
	ostree(t, "--repo="+path, "fsck", "--quiet")
	r, err := repo.Open(path)
	require.NoError(t, err)
	defer r.Close()
	report, err := r.Fsck(context.Background())
	require.NoError(t, err)
	require.Empty(t, report.Problems)
	require.Empty(t, report.Partial)
	require.Equal(t, c.String(), ostree(t, "--repo="+path, "rev-parse", "main"))
}

// requireSame demands that a repository has the commit as the real ostree's own
// repository has it: the same to read, the same to check out, by either.
func requireSame(t testing.TB, theirs, path string, c object.Checksum) {
	t.Helper()
	requireSound(t, path, c)
	require.Equal(t, listing(t, theirs, c), listing(t, path, c))
	want := describe(t, theirCheckout(t, theirs, c))
	requireSameTree(t, want, describe(t, theirCheckout(t, path, c)))
	requireSameTree(t, want, describe(t, ourCheckout(t, path, c)))
}
