package delta_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/delta"
	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/pull"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// TestAppliesWhatOSTreeGenerates takes deltas of every kind that the real command
// makes into repositories of every mode.
func TestAppliesWhatOSTreeGenerates(t *testing.T) {
	for _, canonical := range []bool{false, true} {
		p := publish(t, canonical)
		modes := []repo.Mode{repo.Bare, repo.BareUser, repo.Archive}
		if canonical {
			modes = []repo.Mode{repo.BareUserOnly}
		}
		if os.Getuid() != 0 {
			modes = modes[1:]
		}
		for _, tc := range []struct {
			name    string
			scratch bool
			objects int // that the delta leaves out
			args    []string
		}{
			{name: "as it is", objects: 2, args: []string{"--min-fallback-size=1"}},
			{name: "no fallback", args: []string{"--min-fallback-size=0"}},
			{name: "inline", args: []string{"--inline", "--min-fallback-size=0"}},
			{name: "no bsdiff", args: []string{"--disable-bsdiff", "--min-fallback-size=0"}},
			{name: "many parts", args: []string{"--max-chunk-size=1", "--min-fallback-size=0"}},
			{name: "big endian", objects: 2, args: []string{"--min-fallback-size=1", "--swap-endianness", "--max-chunk-size=1"}},
			{name: "from scratch", objects: 2, scratch: true, args: []string{"--min-fallback-size=1"}},
			{name: "all in one file", scratch: true, args: []string{"--inline", "--swap-endianness", "--min-fallback-size=0"}},
		} {
			t.Run(tc.name, func(t *testing.T) {
				from := p.first
				if tc.scratch {
					from = object.Checksum{}
				}
				require.NoError(t, os.RemoveAll(filepath.Join(p.path, "deltas")))
				p.generate(t, from, tc.args...)
				for _, mode := range modes {
					s := serve(t, p.path, nil)
					var r *repo.Repo
					var path string
					if tc.scratch {
						r, path = device(t, p, mode)
					} else {
						r, path = device(t, p, mode, p.first)
					}
					log := p.update(t, r, s.URL)
					p.requireSame(t, path)
					require.NotContains(t, log, "level=WARN", mode)
					require.Contains(t, log, "static delta applied", mode)
					require.Equal(t, tc.objects, s.count("/objects/", ".filez"), "%s: %s", mode, s.asked)
					require.Zero(t, s.count("/objects/", ".dirtree"), "%s: %s", mode, s.asked)
				}
			})
		}
	}
}

// TestIndex follows an index: what is not in it is not there, and what is has to be
// what the index means.
func TestIndex(t *testing.T) {
	p := publish(t, true)
	p.generate(t, object.Checksum{})
	ostree(t, "--repo="+p.path, "static-delta", "reindex")
	p.generate(t, p.first)
	s := serve(t, p.path, nil)
	r, path := device(t, p, repo.BareUserOnly, p.first)
	require.NotContains(t, p.update(t, r, s.URL), "applied")
	p.requireSame(t, path)

	ostree(t, "--repo="+p.path, "static-delta", "reindex")
	r, path = device(t, p, repo.BareUserOnly, p.first)
	require.Contains(t, p.update(t, r, s.URL), "msg=\"static delta applied\" from="+p.first.String())
	p.requireSame(t, path)

	// The index means another superblock.
	superblock, err := os.ReadFile(filepath.Join(p.path, delta.SuperblockPath(p.first, p.next)))
	require.NoError(t, err)
	sum := sha256.Sum256(superblock)
	name := filepath.Join(p.path, delta.IndexPath(p.next))
	index, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, 1, bytes.Count(index, sum[:]))
	require.NoError(t, os.WriteFile(name, bytes.Replace(index, sum[:], make([]byte, len(sum)), 1), 0o644))
	r, path = device(t, p, repo.BareUserOnly, p.first)
	log := p.update(t, r, s.URL)
	require.Contains(t, log, "another checksum than the index says")
	p.requireSame(t, path)
}

// TestNoDelta costs two requests that find nothing.
func TestNoDelta(t *testing.T) {
	p := publish(t, true)
	r, path := device(t, p, repo.BareUserOnly, p.first)
	s := serve(t, p.path, nil)
	log := p.update(t, r, s.URL)
	require.NotContains(t, log, "delta")
	require.Equal(t, 2, s.count("/delta", ""), s.asked)
	p.requireSame(t, path)
}

// TestPartial uses no delta from a commit that is not there in full.
func TestPartial(t *testing.T) {
	p := publish(t, true)
	p.generate(t, p.first)
	r, path := device(t, p, repo.BareUserOnly, p.first)
	require.NoError(t, r.MarkPartial(p.first))
	s := serve(t, p.path, nil)
	p.update(t, r, s.URL)
	require.Zero(t, s.count("/deltas/", "/0"))
	p.requireSame(t, path)
}

// TestContinues applies only the parts that bring something new.
func TestContinues(t *testing.T) {
	p := publish(t, true)
	p.generate(t, p.first, "--max-chunk-size=1", "--min-fallback-size=0")
	r, path := device(t, p, repo.BareUserOnly, p.first)
	parts := 0
	broken := serve(t, p.path, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			last := filepath.Base(req.URL.Path)
			if last == "0" || last == "1" {
				parts++
			} else if filepath.Dir(filepath.Dir(filepath.Dir(req.URL.Path))) == "/deltas" && last != "superblock" ||
				filepath.Ext(last) == ".filez" {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			h.ServeHTTP(w, req)
		})
	})
	_, err := pull.Pull(context.Background(), r, pull.Options{Remotes: []pull.Remote{{URL: broken.URL}}, Commit: p.next, Workers: 1})
	require.ErrorIs(t, err, pull.ErrFetch)
	s := serve(t, p.path, nil)
	p.update(t, r, s.URL)
	require.Zero(t, s.count("/deltas/", "/0"), s.asked)
	require.NotZero(t, s.count("/deltas/", "/2"), s.asked)
	p.requireSame(t, path)
}

// TestFallsBack has parts that are damaged, missing or not given out: one line is
// logged, and the commit comes all the same.
func TestFallsBack(t *testing.T) {
	p := publish(t, true)
	p.generate(t, p.first, "--max-chunk-size=1", "--min-fallback-size=0")
	for _, tc := range []struct {
		name, says string
		answer     func(w http.ResponseWriter, part []byte)
	}{
		{"damaged", "malformed static delta", func(w http.ResponseWriter, part []byte) {
			part[len(part)/2] ^= 1
			_, _ = w.Write(part)
		}},
		{"longer", "larger than declared", func(w http.ResponseWriter, part []byte) { _, _ = w.Write(append(part, 0)) }},
		{"shorter", "malformed static delta", func(w http.ResponseWriter, part []byte) { _, _ = w.Write(part[:len(part)-1]) }},
		{"missing", "404", func(w http.ResponseWriter, _ []byte) { w.WriteHeader(http.StatusNotFound) }},
		{"not given out", "403", func(w http.ResponseWriter, _ []byte) { w.WriteHeader(http.StatusForbidden) }},
	} {
		s := serve(t, p.path, func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				if req.URL.Path != "/"+delta.PartPath(p.first, p.next, 1) {
					h.ServeHTTP(w, req)
					return
				}
				part, err := os.ReadFile(filepath.Join(p.path, req.URL.Path))
				if err != nil {
					t.Error(err)
				}
				tc.answer(w, part)
			})
		})
		r, path := device(t, p, repo.BareUserOnly, p.first)
		log := p.update(t, r, s.URL)
		require.Equal(t, 1, strings.Count(log, "\n"), log)
		require.Contains(t, log, "static delta failed, fetching objects", tc.name)
		require.Contains(t, log, tc.says, tc.name)
		p.requireSame(t, path)
	}
}
