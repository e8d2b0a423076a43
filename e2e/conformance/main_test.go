//go:build factory

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/factory/keys"
	"github.com/sotabox/sotabox/factory/metadata"
	"github.com/sotabox/sotabox/factory/standard"
	"github.com/sotabox/sotabox/tuf"
)

// world is a repository behind a server, and the directories of one client.
type world struct {
	t         *testing.T
	repo      *standard.Repository
	dir, url  string
	date      string
	downloads int
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, dir: t.TempDir(), date: "date"}
	for _, name := range []string{"tuf", "artifacts/dir", "trusted", "got"} {
		require.NoError(t, os.MkdirAll(filepath.Join(w.dir, name), 0o755))
	}
	var err error
	w.repo, err = standard.Create(filepath.Join(w.dir, "tuf"), filepath.Join(w.dir, "keys"), keys.ED25519, time.Now)
	require.NoError(t, err)
	files := http.FileServer(http.Dir(w.dir))
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if filepath.Dir(r.URL.Path) != "/tuf" {
			w.downloads++
		}
		files.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

// publish makes an artifact and lists it.
func (w *world) publish(name, content string) {
	sum := sha256.Sum256([]byte(content))
	w.put(name, content)
	require.NoError(w.t, w.repo.SetTarget(name, metadata.Target{
		Length: int64(len(content)), Hashes: map[string]string{"sha256": hex.EncodeToString(sum[:])}, Custom: metadata.Custom{Version: "1"},
	}))
}

func (w *world) put(name, content string) {
	require.NoError(w.t, os.WriteFile(filepath.Join(w.dir, "artifacts", name), []byte(content), 0o644))
}

func (w *world) run(command ...string) error {
	args := []string{
		"--metadata-dir", filepath.Join(w.dir, "trusted"), "--metadata-url", w.url + "/tuf/", "--date", w.date,
		"--target-dir", filepath.Join(w.dir, "got"), "--target-base-url", w.url + "/artifacts",
	}
	return run(w.t.Context(), append(args, command...), new(bytes.Buffer))
}

func TestProtocol(t *testing.T) {
	w := newWorld(t)
	w.publish("dir/a file", "one")
	require.Error(t, w.run("refresh"), "not without a root")
	require.NoError(t, w.run("init", filepath.Join(w.dir, "tuf/1.root.json")))
	require.NoError(t, w.run("refresh"))
	for _, role := range []string{"root", "timestamp", "snapshot", "targets"} {
		require.FileExists(t, filepath.Join(w.dir, "trusted", role+".json"))
	}

	got := filepath.Join(w.dir, "got/dir%2Fa%20file")
	for range 2 {
		require.NoError(t, w.run("--target-name", "dir/a file", "download"))
		require.Equal(t, 1, w.downloads, "what is there is not fetched again")
		data, err := os.ReadFile(got)
		require.NoError(t, err)
		require.Equal(t, "one", string(data))
	}

	w.publish("dir/a file", "two")
	w.put("dir/a file", "bad")
	require.ErrorIs(t, w.run("--target-name", "dir/a file", "download"), tuf.ErrInvalid)
	w.put("dir/a file", "two, and more than that")
	require.ErrorIs(t, w.run("--target-name", "dir/a file", "download"), tuf.ErrInvalid)
	data, err := os.ReadFile(got)
	require.NoError(t, err)
	require.Equal(t, "one", string(data))

	w.publish("b", "good")
	require.ErrorIs(t, w.run("--target-name", "nothing", "--target-name", "b", "download"), tuf.ErrNotFound)
	require.NoFileExists(t, filepath.Join(w.dir, "got/b"), "the first that fails ends it")
}

// TestTime puts another program in place of date, as faketime puts another clock below it.
func TestTime(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, w.run("init", filepath.Join(w.dir, "tuf/1.root.json")))
	for _, tt := range []struct {
		script string
		want   error
	}{
		{fmt.Sprintf("echo %d", time.Now().Unix()), nil},
		{fmt.Sprintf("echo %d", time.Now().AddDate(30, 0, 0).Unix()), tuf.ErrExpired},
	} {
		w.date = filepath.Join(w.dir, "date")
		require.NoError(t, os.WriteFile(w.date, []byte("#!/bin/sh\n[ \"$1\" = +%s ] && "+tt.script+"\n"), 0o755))
		err := w.run("refresh")
		if tt.want == nil {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, tt.want)
		}
	}
	require.NoError(t, os.WriteFile(w.date, []byte("#!/bin/sh\necho noon\n"), 0o755))
	require.ErrorContains(t, w.run("refresh"), "for the time")
}

func TestServerTrouble(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, w.run("init", filepath.Join(w.dir, "tuf/1.root.json")))
	w.url = "http://127.0.0.1:1"
	require.ErrorIs(t, w.run("refresh"), tuf.ErrFetch)
	broken := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusBadGateway) }))
	defer broken.Close()
	w.url = broken.URL
	require.ErrorIs(t, w.run("refresh"), tuf.ErrFetch)
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		{}, {"init"}, {"refresh"}, {"delete"}, {"--no-such", "refresh"}, {"--metadata-dir", "d", "init"},
		{"--metadata-dir", "d", "--metadata-url", "u", "download"}, {"--metadata-dir", "d", "--metadata-url", "u", "refresh", "now"},
	} {
		require.Error(t, run(t.Context(), args, new(bytes.Buffer)), args)
	}
}
