package delta_test

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
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/pull"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// ostree runs the real command, the judge of all this.
func ostree(t testing.TB, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command("ostree", args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	require.NoError(t, cmd.Run(), "ostree %s: %s", strings.Join(args, " "), errs.String())
	return strings.TrimSpace(out.String())
}

// noise is data that neither xz nor bsdiff makes smaller.
func noise(seed int64, size int) []byte {
	data := make([]byte, size)
	rand.New(rand.NewSource(seed)).Read(data)
	return data
}

// program is data like that of a program: two versions differ in a number here and
// there, which is what bsdiff is made for.
func program(version, size int) []byte {
	data := noise(int64(size), size)
	for i := 64; i < size; i += 97 {
		data[i] += byte(version)
	}
	return data
}

// writeTree writes a version of a tree in which every operation of a delta has work.
func writeTree(t testing.TB, dir string, version int) {
	t.Helper()
	write := func(path string, mode os.FileMode, data []byte) {
		path = filepath.Join(dir, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, data, 0o600))
		require.NoError(t, os.Chmod(path, mode))
	}
	for i := range 40 {
		text := bytes.Repeat([]byte(fmt.Sprintf("file %d\n", i)), 20+i*13)
		if i%4 == 0 {
			text = append(text, fmt.Sprintf("version %d\n", version)...)
		}
		write(fmt.Sprintf("usr/share/d%d/file%d.txt", i%5, i), 0o644, text)
	}
	// Whole blocks move: libostree copies those from the old file.
	blocks := noise(1, 400<<10)
	write("usr/lib/blocks.so", 0o755, append(noise(int64(version), 5000*version), blocks...))
	write("usr/lib/program.so", 0o755, program(version, 150<<10))
	write("usr/lib/grown.so", 0o755, append(program(version, 60<<10), bytes.Repeat([]byte("x"), version*2000)...))
	// Large files that have no predecessor are left to be fetched as objects.
	write(fmt.Sprintf("usr/lib/large-%d", version), 0o644, noise(int64(100+version), 1200<<10))
	write(fmt.Sprintf("usr/lib/huge-%d", version), 0o644, noise(int64(200+version), 1150<<10))
	write("usr/bin/new"+fmt.Sprint(version), 0o755, noise(int64(version), 70<<10))
	write("usr/bin/empty", 0o644, nil)
	write("usr/share/größe", 0o644, []byte(fmt.Sprint("utf-8 ", version)))
	require.NoError(t, os.Symlink(fmt.Sprintf("program-%d", version), filepath.Join(dir, "usr/bin/link")))
	require.NoError(t, os.Symlink("/nowhere/"+strings.Repeat("long/", 100*version), filepath.Join(dir, "usr/bin/long")))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, fmt.Sprintf("var/empty%d", version)), 0o700))
	if os.Getuid() != 0 {
		return
	}
	write("usr/bin/sudo", 0o755|os.ModeSetuid, noise(int64(version), 1000))
	write("usr/bin/owned", 0o644, program(version, 20000))
	require.NoError(t, os.Lchown(filepath.Join(dir, "usr/bin/owned"), 1234, 4321))
	require.NoError(t, os.Lchown(filepath.Join(dir, "usr/bin/link"), 7, 8))
	require.NoError(t, syscall.Setxattr(filepath.Join(dir, "usr/bin/owned"), "user.version", []byte(fmt.Sprint(version)), 0))
}

// published is a repository with two versions of a tree.
type published struct {
	path        string
	first, next object.Checksum
}

func publish(t testing.TB, canonical bool) published {
	t.Helper()
	p := published{path: filepath.Join(t.TempDir(), "published")}
	ostree(t, "--repo="+p.path, "init", "--mode=archive")
	p.first, p.next = p.commit(t, 1, canonical), p.commit(t, 2, canonical)
	return p
}

func (p published) commit(t testing.TB, version int, canonical bool) object.Checksum {
	t.Helper()
	root := t.TempDir()
	writeTree(t, root, version)
	args := []string{"--repo=" + p.path, "commit", "--branch=main", "--tree=dir=" + root}
	if canonical {
		args = append(args, "--canonical-permissions", "--no-xattrs")
	}
	return checksum(t, ostree(t, args...))
}

// generate makes a delta with the real command.
func (p published) generate(t testing.TB, from object.Checksum, args ...string) {
	t.Helper()
	args = append([]string{"--repo=" + p.path, "static-delta", "generate", "--to=" + p.next.String()}, args...)
	if from.IsZero() {
		args = append(args, "--empty")
	} else {
		args = append(args, "--from="+from.String())
	}
	ostree(t, args...)
}

func checksum(t testing.TB, hex string) object.Checksum {
	t.Helper()
	c, err := object.ParseChecksum(hex)
	require.NoError(t, err)
	return c
}

// server serves a repository and remembers what it was asked for.
type server struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string
}

func serve(t testing.TB, path string, wrap func(http.Handler) http.Handler) *server {
	t.Helper()
	files := http.Handler(http.FileServer(http.Dir(path)))
	if wrap != nil {
		files = wrap(files)
	}
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked = append(s.asked, r.URL.Path)
		s.mu.Unlock()
		files.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// count is the number of requests for paths that begin and end in a way.
func (s *server) count(prefix, suffix string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, path := range s.asked {
		if strings.HasPrefix(path, prefix) && strings.HasSuffix(path, suffix) {
			n++
		}
	}
	return n
}

// device makes a repository that has some commits of the published one.
func device(t testing.TB, p published, mode repo.Mode, commits ...object.Checksum) (*repo.Repo, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "device")
	r, err := repo.Create(path, mode)
	require.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	src, err := repo.Open(p.path)
	require.NoError(t, err)
	defer src.Close()
	for _, c := range commits {
		_, err := pull.Local(context.Background(), r, src, pull.LocalOptions{Commit: c, Ref: "installed"})
		require.NoError(t, err)
	}
	return r, path
}

// update pulls the second version, and gives what was logged.
func (p published) update(t testing.TB, r *repo.Repo, url string) string {
	t.Helper()
	var log bytes.Buffer
	_, err := pull.Pull(context.Background(), r, pull.Options{
		Remotes: []pull.Remote{{URL: url}}, Commit: p.next, Ref: "main", RetryDelay: time.Millisecond,
		Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	require.NoError(t, err, log.String())
	return log.String()
}

// requireSame lets the real ostree judge that path has the second version, whole.
func (p published) requireSame(t testing.TB, path string) {
	t.Helper()
	ostree(t, "--repo="+path, "fsck", "--quiet")
	require.Equal(t, p.next.String(), ostree(t, "--repo="+path, "rev-parse", "main"))
	list := func(repo string) string { return ostree(t, "--repo="+repo, "ls", "-R", "-X", "-C", p.next.String()) }
	require.Equal(t, list(p.path), list(path))
	leftovers, err := filepath.Glob(filepath.Join(path, "tmp/*"))
	require.NoError(t, err)
	for _, name := range leftovers {
		require.Equal(t, "cache", filepath.Base(name))
	}
}
