//go:build factory

package matrix

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// TestHostileDisk pulls from repositories on a disk that somebody else had: their files
// are not what a repository has.
func TestHostileDisk(t *testing.T) {
	puller := buildPuller(t, "")
	for _, tc := range []struct {
		name string
		// spoil is given the path of a file or directory of the repository.
		spoil func(t *testing.T, path string)
	}{
		{"a pipe", func(t *testing.T, path string) { require.NoError(t, unix.Mkfifo(path, 0o644)) }},
		{"a directory", func(t *testing.T, path string) { require.NoError(t, os.Mkdir(path, 0o755)) }},
		{"a socket", func(t *testing.T, path string) { require.NoError(t, unix.Mknod(path, unix.S_IFSOCK|0o644, 0)) }},
		{"a link", func(t *testing.T, path string) { require.NoError(t, os.Symlink("/etc/passwd", path)) }},
		{"a link to itself", func(t *testing.T, path string) { require.NoError(t, os.Symlink(filepath.Base(path), path)) }},
		{"a link that never ends", func(t *testing.T, path string) { require.NoError(t, os.Symlink("/dev/zero", path)) }},
		{"empty", func(t *testing.T, path string) { require.NoError(t, os.WriteFile(path, nil, 0o644)) }},
		{"endless", func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path, nil, 0o644))
			require.NoError(t, os.Truncate(path, 1<<28))
		}},
	} {
		for _, mode := range []repo.Mode{repo.Archive, repo.BareUser, destination()} {
			for _, victim := range []string{"commit", "dirtree", "dirmeta", "content", "config"} {
				e := newEvil(t)
				f := e.content(plainFile, "content")
				root := e.commitOf(e.holding("f", f))
				c := e.add(object.TypeCommit, root.Marshal())
				src := pulledLocally(t, mode, e.path, c)
				n := map[string]object.Name{
					"commit":  {Type: object.TypeCommit, Checksum: c},
					"dirtree": {Type: object.TypeDirTree, Checksum: root.Tree},
					"dirmeta": {Type: object.TypeDirMeta, Checksum: root.Meta},
					"content": {Type: object.TypeFile, Checksum: f},
				}[victim]
				path := filepath.Join(src, "config")
				want := "other|unsupported"
				if victim != "config" {
					hex := n.Checksum.String()
					path = filepath.Join(src, "objects", hex[:2], hex[2:]+"."+n.Type.String())
					if victim == "content" && mode == repo.Archive {
						path += "z"
					}
					want = "corrupt"
				}
				require.NoError(t, os.Remove(path))
				tc.spoil(t, path)
				t.Run(mode.String()+" "+victim+" is "+tc.name, func(t *testing.T) {
					attack{}.requireHarmless(t, puller, destination(), c, src, want)
				})
			}
		}
	}
}

// TestHostileServer has answers that are wrong in HTTP rather than in content.
func TestHostileServer(t *testing.T) {
	puller := buildPuller(t, "")
	e := newEvil(t)
	c := e.commit(e.crowd(300))
	isContent := func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, ".filez") }
	for _, tc := range []struct {
		name, want string
		answer     http.HandlerFunc
	}{
		{"sends to a file", "fetch", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "file://"+e.path+r.URL.Path, http.StatusFound)
		}},
		{"sends to nowhere", "fetch", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusFound) }},
		{"sends to what is no URL", "fetch", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://[::1")
			w.WriteHeader(http.StatusMovedPermanently)
		}},
		{"answers with a part", "fetch", func(w http.ResponseWriter, r *http.Request) {
			r.Header.Set("Range", "bytes=0-3")
			http.FileServer(http.Dir(e.path)).ServeHTTP(w, r)
		}},
		{"announces more than there may be", "corrupt", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(1<<40))
			w.Write([]byte("short"))
		}},
		{"sends headers without end to all at once", "fetch", func(w http.ResponseWriter, r *http.Request) {
			if !isContent(r) {
				http.FileServer(http.Dir(e.path)).ServeHTTP(w, r)
				return
			}
			for i := range 4 << 10 {
				w.Header().Set("X-"+strconv.Itoa(i), strings.Repeat("x", 4<<10))
			}
			w.Write([]byte("late"))
		}},
		{"compresses once more", "corrupt", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Write([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"))
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			url := serve(t, e.path, func(h http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path == "/config" {
						h.ServeHTTP(w, r)
						return
					}
					tc.answer(w, r)
				})
			})
			attack{}.requireHarmless(t, puller, destination(), c, url, tc.want)
		})
	}
}
