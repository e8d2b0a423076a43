//go:build factory

package matrix

import (
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/pull"
)

// failAfter serves a number of objects, then refuses.
func failAfter(count int64) func(http.Handler) http.Handler {
	var served atomic.Int64
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/objects/") && served.Add(1) > count {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			h.ServeHTTP(w, r)
		})
	}
}

// hangAfter serves a number of objects, then says so and answers no more.
func hangAfter(count int64, reached chan<- struct{}) func(http.Handler) http.Handler {
	var served atomic.Int64
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch n := served.Add(1); {
			case n == count+1:
				close(reached)
				fallthrough
			case n > count:
				<-r.Context().Done()
				return
			}
			h.ServeHTTP(w, r)
		})
	}
}

// requirePartial demands that a repository knows that it does not have all, by
// either side's account, and is sound so far.
func requirePartial(t *testing.T, path string, c object.Checksum) {
	t.Helper()
	ostree(t, "--repo="+path, "fsck", "--quiet")
	require.FileExists(t, filepath.Join(path, "state", c.String()+".commitpartial"))
	r := openRepo(t, path)
	partial, err := r.IsPartial(c)
	require.NoError(t, err)
	require.True(t, partial)
}

// requireFinished demands that nothing tells of the interruption any more.
func requireFinished(t *testing.T, theirs, path string, c object.Checksum) {
	t.Helper()
	requireSame(t, theirs, path, c)
	require.NoFileExists(t, filepath.Join(path, "state", c.String()+".commitpartial"))
}

// cuts are points in a pull of so much, in objects that were served. Metadata
// mostly comes first.
func cuts(whole pull.Stats) map[string]int64 {
	return map[string]int64{
		"soon":           3, // the commit, what is detached from it, the root
		"among metadata": whole.Metadata / 2,
		"among content":  midContent(whole),
	}
}

func midContent(whole pull.Stats) int64 { return whole.Metadata + whole.Content/2 }

// TestTheirPartialPullFinishedByUs lets the real ostree begin and us end.
func TestTheirPartialPullFinishedByUs(t *testing.T) {
	all := newOrigins(t)
	for _, mode := range allModes {
		o := all.fit(mode)
		whole := pulledLocally(t, mode, o.path, o.commit)
		url := serve(t, o.path, nil)
		objects := ourPull(t, ourRepo(t, mode), url, o.commit)
		for name, count := range cuts(objects) {
			t.Run(mode.String()+" failed "+name, func(t *testing.T) {
				path := theirRepo(t, mode)
				addRemote(t, path, serve(t, o.path, failAfter(count)))
				_, err := tryOSTree("--repo="+path, "pull", "--disable-static-deltas", "origin", o.commit.String())
				require.Error(t, err)
				requirePartial(t, path, o.commit)
				stats := ourPull(t, openRepo(t, path), url, o.commit)
				require.LessOrEqual(t, stats.Metadata, objects.Metadata)
				requireFinished(t, whole, path, o.commit)
			})
		}
		t.Run(mode.String()+" killed", func(t *testing.T) {
			path := theirRepo(t, mode)
			reached := make(chan struct{})
			addRemote(t, path, serve(t, o.path, hangAfter(midContent(objects), reached)))
			kill(t, exec.Command("ostree", "--repo="+path, "pull", "--disable-static-deltas", "origin", o.commit.String()), reached)
			requirePartial(t, path, o.commit)
			stats := ourPull(t, openRepo(t, path), url, o.commit)
			require.Less(t, stats.Content, objects.Content, "what was staged is used")
			requireFinished(t, whole, path, o.commit)
		})
		for name, args := range map[string][]string{
			"metadata only": {"--commit-metadata-only"},
			"subpath":       {"--subpath=/content"},
		} {
			t.Run(mode.String()+" "+name, func(t *testing.T) {
				path := theirRepo(t, mode)
				addRemote(t, path, url)
				ostree(t, append(args, "--repo="+path, "pull", "origin", o.commit.String())...)
				requirePartial(t, path, o.commit)
				ourLocal(t, openRepo(t, path), o.path, o.commit)
				requireFinished(t, whole, path, o.commit)
			})
		}
	}
}

// kill starts a command and kills it when its server has had enough.
func kill(t *testing.T, cmd *exec.Cmd, reached <-chan struct{}) {
	t.Helper()
	require.NoError(t, cmd.Start())
	select {
	case <-reached:
	case <-time.After(time.Minute):
		t.Error("it did not get that far")
	}
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	require.Equal(t, -1, cmd.ProcessState.ExitCode(), "it was running")
}

// TestOurPartialPullFinishedByThem lets us begin and the real ostree end.
func TestOurPartialPullFinishedByThem(t *testing.T) {
	all := newOrigins(t)
	puller := buildPuller(t, "")
	for _, mode := range allModes {
		o := all.fit(mode)
		whole := pulledLocally(t, mode, o.path, o.commit)
		url := serve(t, o.path, nil)
		objects := ourPull(t, ourRepo(t, mode), url, o.commit)
		for name, count := range cuts(objects) {
			t.Run(mode.String()+" failed "+name, func(t *testing.T) {
				r := ourRepo(t, mode)
				_, err := tryOurPull(r, serve(t, o.path, failAfter(count)), o.commit)
				require.Error(t, err)
				requirePartial(t, r.Path(), o.commit)
				theirPull(t, r.Path(), url, o.commit)
				requireFinished(t, whole, r.Path(), o.commit)
			})
		}
		t.Run(mode.String()+" killed", func(t *testing.T) {
			r := ourRepo(t, mode)
			reached := make(chan struct{})
			slow := serve(t, o.path, hangAfter(midContent(objects), reached))
			kill(t, exec.Command(puller, r.Path(), o.commit.String(), slow), reached)
			requirePartial(t, r.Path(), o.commit)
			theirPull(t, r.Path(), url, o.commit)
			requireFinished(t, whole, r.Path(), o.commit)
		})
	}
}
