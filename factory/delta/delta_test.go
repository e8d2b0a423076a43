//go:build factory

package delta

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math/rand"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/delta"
	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/object/gvariant"
	"github.com/sotabox/sotabox/ostreelite/pull"
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

func noise(seed int64, size int) []byte {
	data := make([]byte, size)
	rand.New(rand.NewSource(seed)).Read(data)
	return data
}

// writeTree writes a version of a tree with files of every kind a delta treats
// in its own way.
func writeTree(t *testing.T, dir string, version int) {
	t.Helper()
	write := func(path string, data []byte) {
		path = filepath.Join(dir, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, data, 0o644))
	}
	for i := range 30 {
		write(fmt.Sprintf("usr/share/d%d/f%d", i%4, i), bytes.Repeat([]byte(fmt.Sprintf("file %d of %d\n", i, version)), i*20))
	}
	code := noise(9, 200<<10)
	for i := 50; i < len(code); i += 113 {
		code[i] += byte(version)
	}
	write("usr/lib/patched.so", append(bytes.Repeat([]byte{byte(version)}, 300*version), code...))
	blocks := noise(10, 300<<10)
	write("usr/lib/copied.so", append(noise(int64(version), 777*version), append(blocks[version*9000:], blocks[:20000]...)...))
	write(fmt.Sprintf("usr/lib/moved-%d/moved.so", version), append(noise(11, 100<<10), byte(version)))
	write(fmt.Sprintf("usr/lib/large-%d", version), noise(int64(20+version), 900<<10))
	write("usr/lib/empty", nil)
	write("usr/lib/gone", noise(12, 5000))
	if version > 1 {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "usr/lib/gone"), nil, 0o644))
	}
	require.NoError(t, os.Symlink(fmt.Sprintf("target-%d", version), filepath.Join(dir, "usr/link")))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "usr/empty"), 0o755))
}

// published is a repository, opened, with two versions of a tree.
type published struct {
	*repo.Repo
	first, next object.Checksum
}

func publish(t *testing.T) published {
	t.Helper()
	r, err := repo.Create(filepath.Join(t.TempDir(), "published"), repo.Archive)
	require.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	p := published{Repo: r}
	for version, to := range []*object.Checksum{&p.first, &p.next} {
		root := t.TempDir()
		writeTree(t, root, version+1)
		*to, err = r.CommitTree(context.Background(), repo.CommitOptions{
			Dir: root, Parent: p.first, Timestamp: time.Unix(int64(version), 0), Canonical: true, Ref: "main"})
		require.NoError(t, err)
	}
	return p
}

var kinds = []struct {
	name    string
	scratch bool
	options Options
}{
	{"as it is", false, Options{}},
	{"one file", false, Options{Inline: true}},
	{"many parts", false, Options{PartSize: 100 << 10}},
	{"no patches", false, Options{NoPatches: true}},
	{"from scratch", true, Options{PartSize: 200 << 10}},
}

// TestOSTreeAppliesOffline lets the real command apply what is generated.
func TestOSTreeAppliesOffline(t *testing.T) {
	p := publish(t)
	for _, k := range kinds {
		o := k.options
		o.To, o.Now = p.next, time.Now()
		if !k.scratch {
			o.From = p.first
		}
		stats, err := Generate(context.Background(), p.Repo, o)
		require.NoError(t, err, k.name)
		path := filepath.Join(t.TempDir(), "device")
		ostree(t, "--repo="+path, "init", "--mode=bare-user-only")
		if !k.scratch {
			ostree(t, "--repo="+path, "pull-local", p.Path(), p.first.String())
		}
		ostree(t, "--repo="+path, "static-delta", "apply-offline", filepath.Join(p.Path(), delta.Dir(o.From, o.To)))
		ostree(t, "--repo="+path, "fsck", "--quiet")
		require.Equal(t, ostree(t, "--repo="+p.Path(), "ls", "-R", "-C", p.next.String()),
			ostree(t, "--repo="+path, "ls", "-R", "-C", p.next.String()), k.name)
		if !o.Inline {
			shown := ostree(t, "--repo="+p.Path(), "static-delta", "show", delta.Name(o.From, o.To))
			require.Contains(t, shown, fmt.Sprintf("Number of parts: %d", stats.Parts))
		}
		if !k.scratch && !o.NoPatches {
			require.Equal(t, 1, stats.Patched, k.name)
			require.Equal(t, 2, stats.Copied, k.name)
		}
	}
}

// TestBothPull lets the real command and ours pull a delta.
func TestBothPull(t *testing.T) {
	p := publish(t)
	for _, k := range kinds {
		require.NoError(t, os.RemoveAll(filepath.Join(p.Path(), "deltas")))
		o := k.options
		o.To, o.Now, o.MinFallback = p.next, time.Now(), 800<<10
		if !k.scratch {
			o.From = p.first
		}
		stats, err := Generate(context.Background(), p.Repo, o)
		require.NoError(t, err, k.name)
		require.Equal(t, 1, stats.Fallbacks)
		var mu sync.Mutex
		var asked []string
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			asked = append(asked, r.URL.Path)
			mu.Unlock()
			http.FileServer(http.Dir(p.Path())).ServeHTTP(w, r)
		}))
		for _, who := range []string{"ostree", "sotabox"} {
			path := filepath.Join(t.TempDir(), "device")
			ostree(t, "--repo="+path, "init", "--mode=bare-user-only")
			if !k.scratch {
				ostree(t, "--repo="+path, "pull-local", p.Path(), p.first.String())
			}
			mu.Lock()
			asked = nil
			mu.Unlock()
			if who == "ostree" {
				ostree(t, "--repo="+path, "remote", "add", "--no-gpg-verify", "origin", s.URL)
				ostree(t, "--repo="+path, "pull", "--require-static-deltas", "origin", "main@"+p.next.String())
			} else {
				r, err := repo.Open(path)
				require.NoError(t, err)
				var log bytes.Buffer
				_, err = pull.Pull(context.Background(), r, pull.Options{Remotes: []pull.Remote{{URL: s.URL}},
					Commit: p.next, DeltaFrom: []object.Checksum{p.first}, Log: slog.New(slog.NewTextHandler(&log, nil))})
				require.NoError(t, err)
				require.Contains(t, log.String(), "static delta applied")
				r.Close()
			}
			mu.Lock()
			require.Contains(t, asked, "/"+delta.SuperblockPath(o.From, o.To), who)
			require.Equal(t, !o.Inline, slices.Contains(asked, "/"+delta.PartPath(o.From, o.To, 0)), "%s %s", who, k.name)
			if who == "sotabox" {
				// The ostree command begins to fetch objects before the parts have come.
				files := slices.DeleteFunc(asked, func(path string) bool { return !strings.HasSuffix(path, ".filez") })
				require.Len(t, files, 1, k.name)
			}
			mu.Unlock()
			ostree(t, "--repo="+path, "fsck", "--quiet")
		}
		s.Close()
	}
}

// TestIndex is the one that the real command makes.
func TestIndex(t *testing.T) {
	p := publish(t)
	for _, from := range []object.Checksum{p.first, {}} {
		_, err := Generate(context.Background(), p.Repo, Options{From: from, To: p.next, Now: time.Now()})
		require.NoError(t, err)
	}
	name := filepath.Join(p.Path(), delta.IndexPath(p.next))
	ours, err := os.ReadFile(name)
	require.NoError(t, err)
	ostree(t, "--repo="+p.Path(), "static-delta", "reindex")
	theirs, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, entries(t, theirs), entries(t, ours), "they may have another order")
	require.Equal(t, "true", ostree(t, "--repo="+p.Path(), "config", "get", "core.indexed-deltas"))
}

func entries(t *testing.T, index []byte) map[string]string {
	t.Helper()
	v, err := gvariant.Parse(dictType, index)
	require.NoError(t, err)
	list, ok := v.Lookup("ostree.static-deltas")
	require.True(t, ok)
	found := map[string]string{}
	for i := range list.Len() {
		found[list.At(i).At(0).Str()] = hex.EncodeToString(list.At(i).At(1).Variant().Bytes())
	}
	require.Len(t, found, 2)
	return found
}

// TestSizes has a delta from a version like it far smaller than one from scratch.
func TestSizes(t *testing.T) {
	p := publish(t)
	whole, err := Generate(context.Background(), p.Repo, Options{To: p.next, Now: time.Now()})
	require.NoError(t, err)
	difference, err := Generate(context.Background(), p.Repo, Options{From: p.first, To: p.next, MinFallback: 800 << 10, Now: time.Now()})
	require.NoError(t, err)
	require.Less(t, difference.Size, whole.Size/10)
}
