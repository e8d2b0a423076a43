package pull

import (
	"context"
	"fmt"
	"math/rand"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/repo"
)

// The test binary, run again with these set, is a process that pulls and is killed.
const (
	childRepo   = "PULL_TEST_REPO"
	childURL    = "PULL_TEST_URL"
	childCommit = "PULL_TEST_COMMIT"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(childRepo); path != "" {
		if err := pullAsChild(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func pullAsChild(path string) error {
	r, err := repo.Open(path)
	if err != nil {
		return err
	}
	c, err := r.ResolveRef(os.Getenv(childCommit))
	if err != nil {
		return err
	}
	_, err = Pull(context.Background(), r, options(c, os.Getenv(childURL)))
	return err
}

// ourPull is a command that pulls with this package.
func ourPull(path, url string, a archive) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childRepo+"="+path, childURL+"="+url, childCommit+"="+a.commit.String())
	return cmd
}

// realPull is a command that pulls with libostree.
func realPull(t *testing.T, path, url string, a archive) *exec.Cmd {
	ostree(t, "--repo="+path, "remote", "add", "--if-not-exists", "--no-gpg-verify", "origin", url)
	return exec.Command("ostree", "--repo="+path, "pull", "--disable-static-deltas", "origin", a.commit.String())
}

// killAfter kills the command after a while and tells whether it was still running.
func killAfter(t *testing.T, cmd *exec.Cmd, after time.Duration) bool {
	require.NoError(t, cmd.Start())
	timer := time.AfterFunc(after, func() { cmd.Process.Kill() })
	defer timer.Stop()
	_ = cmd.Wait()
	return cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled()
}

// killWhen kills the command as soon as due says so.
func killWhen(t *testing.T, cmd *exec.Cmd, due func() bool) {
	require.NoError(t, cmd.Start())
	for !due() {
		time.Sleep(time.Millisecond)
	}
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	require.True(t, cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled())
}

// slowly makes a pull last long enough to be killed in the middle, and counts the
// content objects asked for.
func slowly(content *atomic.Int64) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, ".filez") {
				content.Add(1)
			}
			time.Sleep(2 * time.Millisecond)
			h.ServeHTTP(w, r)
		})
	}
}

// TestPullKilled kills pulls at random moments until one gets through. What is
// left is sound every time.
func TestPullKilled(t *testing.T) {
	a := newArchive(t, tree{dirs: 30, filesPerDir: 20}, false)
	var content atomic.Int64
	url := serve(t, a.path, slowly(&content)).URL
	objects := len(a.has(t, "*.filez"))
	for _, mode := range []repo.Mode{repo.Bare, repo.BareUser, repo.Archive} {
		t.Run(mode.String(), func(t *testing.T) {
			_, path := newRepo(t, mode)
			content.Store(0)
			kills := 0
			for after := time.Duration(0); ; after += time.Duration(rand.Intn(60)) * time.Millisecond {
				if !killAfter(t, ourPull(path, url, a), after) {
					break
				}
				kills++
				ostree(t, "--repo="+path, "fsck", "--quiet")
			}
			require.Positive(t, kills)
			require.LessOrEqual(t, content.Load(), int64(objects+kills*leastWorkers),
				"only what was in flight is fetched again")
			out, err := ourPull(path, url, a).CombinedOutput()
			require.NoError(t, err, "%s", out)
			requireSame(t, a, path)
			staged, err := filepath.Glob(filepath.Join(path, "tmp/staging-*"))
			require.NoError(t, err)
			require.Empty(t, staged, "nothing is left behind")
		})
	}
}

// TestPullTakesTurns has pulls killed of one kind finished by the other.
func TestPullTakesTurns(t *testing.T) {
	a := newArchive(t, tree{dirs: 30, filesPerDir: 20}, false)
	var content atomic.Int64
	url := serve(t, a.path, slowly(&content)).URL
	objects := len(a.has(t, "*.filez"))
	for _, mode := range []repo.Mode{repo.Bare, repo.BareUser} {
		ours := func(path string) *exec.Cmd { return ourPull(path, url, a) }
		real := func(path string) *exec.Cmd { return realPull(t, path, url, a) }
		for _, tc := range []struct {
			name          string
			first, second func(string) *exec.Cmd
		}{{"ostree then us", real, ours}, {"us then ostree", ours, real}} {
			t.Run(mode.String()+" "+tc.name, func(t *testing.T) {
				for _, share := range []int{4, 2} {
					_, path := newRepo(t, mode)
					content.Store(0)
					killWhen(t, tc.first(path), func() bool { return content.Load() > int64(objects/share) })
					content.Store(0)
					out, err := tc.second(path).CombinedOutput()
					require.NoError(t, err, "%s", out)
					require.LessOrEqual(t, content.Load(), int64(objects-objects/share+2*leastWorkers),
						"continues where the other stopped")
					ostree(t, "--repo="+path, "refs", "--create=main", "--force", a.commit.String())
					requireSame(t, a, path)
				}
			})
		}
	}
}

// TestPullFullDisk runs out of space on the way. Root has a file system of its
// own for that; for anybody else a limit on the size of files makes writes fail.
func TestPullFullDisk(t *testing.T) {
	a := newArchive(t, tree{dirs: 2, filesPerDir: 2, big: 12 << 20}, false)
	url := serve(t, a.path, nil).URL
	if os.Getuid() != 0 {
		r, path := newRepo(t, repo.BareUser)
		// In a process of its own: the limit holds for every file of a process.
		pull := ourPull(path, url, a)
		limited := exec.Command("sh", append([]string{"-c", `trap "" XFSZ; ulimit -f 2048; exec "$@"`, "sh"}, pull.Args...)...)
		limited.Env = pull.Env
		out, err := limited.CombinedOutput()
		require.Error(t, err)
		require.Contains(t, string(out), syscall.EFBIG.Error())
		requireResumable(t, a, r, path)
		return
	}
	mount := t.TempDir()
	require.NoError(t, syscall.Mount("tmpfs", mount, "tmpfs", 0, "size=8m"))
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(mount, 0)) })
	path := filepath.Join(mount, "repo")
	made, err := repo.Create(path, repo.BareUser)
	require.NoError(t, err)
	require.NoError(t, made.Close())
	for _, reserve := range []string{"0", "1"} {
		// Without a reserve the file system itself refuses.
		ostree(t, "--repo="+path, "config", "set", "core.min-free-space-percent", reserve)
		r, err := repo.Open(path)
		require.NoError(t, err)
		_, err = Pull(context.Background(), r, options(a.commit, url))
		require.ErrorIs(t, err, repo.ErrNoSpace)
		require.NoError(t, r.Close())
	}
	require.NoError(t, syscall.Mount("tmpfs", mount, "tmpfs", syscall.MS_REMOUNT, "size=64m"))
	r, err := repo.Open(path)
	require.NoError(t, err)
	requireResumable(t, a, r, path)
	require.NoError(t, r.Close())
}
