package pull

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// ostree runs the real command, the judge of all this.
func ostree(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command("ostree", args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	require.NoError(t, cmd.Run(), "ostree %s: %s", strings.Join(args, " "), errs.String())
	return strings.TrimSpace(out.String())
}

// tree describes what makeTree writes.
type tree struct {
	dirs, filesPerDir int
	// big is the size of one more file, in bytes, which hardly compresses.
	big int
}

// makeTree writes directories, files of many sizes, links, and as root also
// owners and odd modes.
func makeTree(t *testing.T, dir string, what tree) {
	t.Helper()
	rnd := rand.New(rand.NewSource(int64(what.dirs*1000 + what.filesPerDir)))
	write := func(path string, mode os.FileMode, data []byte) {
		require.NoError(t, os.WriteFile(path, data, 0o600))
		require.NoError(t, os.Chmod(path, mode))
	}
	for d := range what.dirs {
		sub := filepath.Join(dir, fmt.Sprintf("usr/share/group%d/dir%d", d%7, d))
		require.NoError(t, os.MkdirAll(sub, 0o755))
		for f := range what.filesPerDir {
			data := bytes.Repeat([]byte(fmt.Sprintf("file %d %d\n", d, f)), rnd.Intn(200)+1)
			write(filepath.Join(sub, fmt.Sprintf("file%d.txt", f)), 0o644, data)
		}
	}
	bin := filepath.Join(dir, "usr/bin")
	require.NoError(t, os.MkdirAll(bin, 0o755))
	write(filepath.Join(bin, "empty"), 0o644, nil)
	write(filepath.Join(bin, "same"), 0o644, []byte("file 0 0\n"))
	write(filepath.Join(bin, "program"), 0o755, []byte("#!/bin/sh\n"))
	write(filepath.Join(bin, "größe"), 0o644, []byte("utf-8"))
	require.NoError(t, os.Symlink("program", filepath.Join(bin, "link")))
	require.NoError(t, os.Symlink("/nowhere/at/all", filepath.Join(bin, "dangling")))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "var/empty"), 0o700))
	if what.big > 0 {
		data := make([]byte, what.big)
		rnd.Read(data)
		write(filepath.Join(bin, "big"), 0o644, data)
	}
	if os.Getuid() == 0 {
		write(filepath.Join(bin, "sudo"), 0o755|os.ModeSetuid, []byte("root only"))
		write(filepath.Join(bin, "owned"), 0o640, []byte("somebody's"))
		require.NoError(t, os.Lchown(filepath.Join(bin, "owned"), 1234, 4321))
		require.NoError(t, os.Lchown(filepath.Join(bin, "dangling"), 7, 8))
		require.NoError(t, syscall.Setxattr(filepath.Join(bin, "owned"), "user.sotabox", []byte("value"), 0))
	}
}

// archive is a repository made by the real ostree.
type archive struct {
	path   string
	commit object.Checksum
}

func (a archive) has(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(a.path, "objects/*/"+pattern))
	require.NoError(t, err)
	return found
}

// newArchive commits a tree into a new archive repository. With canonical set,
// ownership is root's and there are no xattrs, which bare-user-only needs.
func newArchive(t *testing.T, what tree, canonical bool, args ...string) archive {
	t.Helper()
	root, path := t.TempDir(), filepath.Join(t.TempDir(), "archive")
	makeTree(t, root, what)
	ostree(t, "--repo="+path, "init", "--mode=archive")
	args = append([]string{"--repo=" + path, "commit", "--branch=main", "--subject=test", "--tree=dir=" + root}, args...)
	if canonical {
		args = append(args, "--canonical-permissions", "--no-xattrs")
	}
	return archive{path: path, commit: checksum(t, ostree(t, args...))}
}

func checksum(t *testing.T, hex string) object.Checksum {
	t.Helper()
	c, err := object.ParseChecksum(hex)
	require.NoError(t, err)
	return c
}

// newRepo creates a destination and gives its path, too.
func newRepo(t *testing.T, mode repo.Mode) (*repo.Repo, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "repo")
	r, err := repo.Create(path, mode)
	require.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	return r, path
}

// serve serves a repository; wrap, if not nil, may tamper with it.
func serve(t *testing.T, path string, wrap func(http.Handler) http.Handler) *httptest.Server {
	t.Helper()
	var h http.Handler = http.FileServer(http.Dir(path))
	if wrap != nil {
		h = wrap(h)
	}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// options pull a commit with short waits.
func options(c object.Checksum, urls ...string) Options {
	o := Options{Commit: c, Ref: "main", IdleTimeout: 30 * time.Second, RetryDelay: time.Millisecond,
		Log: slog.New(slog.DiscardHandler)}
	for _, u := range urls {
		o.Remotes = append(o.Remotes, Remote{URL: u})
	}
	return o
}

// requireSame lets the real ostree judge that path has the archive's commit, whole.
func requireSame(t *testing.T, a archive, path string) {
	t.Helper()
	ostree(t, "--repo="+path, "fsck", "--quiet")
	require.Equal(t, a.commit.String(), ostree(t, "--repo="+path, "rev-parse", "main"))
	list := func(repo string) string {
		return ostree(t, "--repo="+repo, "ls", "-R", "-X", "-C", a.commit.String())
	}
	require.Equal(t, list(a.path), list(path))
	partial, err := filepath.Glob(filepath.Join(path, "state/*.commitpartial"))
	require.NoError(t, err)
	require.Empty(t, partial)
}

// requireResumable lets the real ostree judge that what a failed pull left is sound,
// and a plain pull that it can be continued.
func requireResumable(t *testing.T, a archive, r *repo.Repo, path string) {
	t.Helper()
	ostree(t, "--repo="+path, "fsck", "--quiet")
	require.NoFileExists(t, filepath.Join(path, "refs/heads/main"))
	_, err := Pull(context.Background(), r, options(a.commit, serve(t, a.path, nil).URL))
	require.NoError(t, err)
	requireSame(t, a, path)
}
