package tuf

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAttacks(t *testing.T) {
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			r := newTestRepo(t)
			for _, role := range []string{roleTimestamp, roleSnapshot, roleTargets} {
				r.roles[role].version = 5
			}
			r.publish()
			c := testClient(t, r, Config{Dir: filepath.Join(t.TempDir(), "tuf")})
			before, err := c.Refresh(t.Context())
			require.NoError(t, err)
			require.True(t, before.Changed)
			stored := tree(t, c.cfg.Dir)

			a.do(r)
			after, err := c.Refresh(t.Context())
			if a.want == nil {
				require.NoError(t, err)
				again, err := c.Stored(t.Context())
				require.NoError(t, err)
				again.Changed = after.Changed
				require.Equal(t, after, again, "what is stored is what was refreshed")
				return
			}
			require.ErrorIs(t, err, a.want)
			require.ErrorContains(t, err, a.text)
			require.NotContains(t, err.Error(), "\n")
			require.Equal(t, 1, classes(err), "one class: %v", err)
			var e *Error
			require.ErrorAs(t, err, &e)
			require.Nil(t, after)
			require.Equal(t, stored, tree(t, c.cfg.Dir), "the store is as it was, byte for byte")
			again, err := c.Stored(t.Context())
			require.NoError(t, err)
			again.Changed = true
			require.Equal(t, before, again)
		})
	}
}

func testClient(t *testing.T, src Source, cfg Config) *Client {
	cfg.Source = src
	if cfg.Dir == "" {
		cfg.Dir = filepath.Join(t.TempDir(), "tuf")
	}
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return testNow }
	}
	c, err := New(cfg)
	require.NoError(t, err)
	return c
}

// tree is the content of a directory by path; links by their target.
func tree(t *testing.T, dir string) map[string]string {
	out := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		require.NoError(t, err)
		switch {
		case d.IsDir():
			out[path] = "dir"
		case d.Type()&os.ModeSymlink != 0:
			out[path], err = os.Readlink(path)
		default:
			var data []byte
			data, err = os.ReadFile(path)
			out[path] = string(data)
		}
		return err
	}))
	return out
}

// provision puts root documents of r into a directory, under names such as "ci/1.root.json".
func provision(t *testing.T, r *testRepo, names ...string) string {
	dir := t.TempDir()
	for _, name := range names {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), r.files[filepath.Base(name)], 0o644))
		require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.Dir(name), "README"), nil, 0o644))
	}
	return dir
}

func writeFiles(t *testing.T, files map[string][]byte) string {
	dir := t.TempDir()
	for name, data := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o644))
	}
	return dir
}

// classes counts the error classes that err is in.
func classes(err error) (n int) {
	for _, class := range []error{ErrInvalid, ErrExpired, ErrFetch, ErrNotFound, ErrBundle, ErrStorage, ErrNoMetadata} {
		if errors.Is(err, class) {
			n++
		}
	}
	return n
}
