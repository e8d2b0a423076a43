//go:build factory

package matrix

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/pull"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// FuzzPull pulls a commit whose objects are any bytes, under checksums that are right:
// its root, the metadata of that, and one archived file. Whatever comes of it, the
// destination is sound, and has the commit only if it is whole.
func FuzzPull(f *testing.F) {
	meta := (&object.DirMeta{Mode: object.ModeDir | 0o755}).Marshal()
	file := append(plainFile.MarshalArchive(7), deflated([]byte("content"))...)
	root := (&object.DirTree{Files: []object.FileEntry{{Name: "f", Checksum: contentName(plainFile, "content")}}}).Marshal()
	f.Add(root, meta, file, []byte("content"))
	f.Add((&object.DirTree{}).Marshal(), meta, []byte{}, []byte{})
	f.Fuzz(func(t *testing.T, root, meta, file, data []byte) {
		e := newEvil(t)
		e.put(object.TypeFile, contentName(plainFile, string(data)), file)
		commit := e.commitOf(object.DirTree{})
		commit.Tree, commit.Meta = e.add(object.TypeDirTree, root), e.add(object.TypeDirMeta, meta)
		c := e.add(object.TypeCommit, commit.Marshal())
		dst, err := repo.Create(filepath.Join(t.TempDir(), "repo"), repo.BareUser)
		require.NoError(t, err)
		defer dst.Close()
		src, err := repo.Open(e.path)
		require.NoError(t, err)
		defer src.Close()
		_, err = pull.Local(context.Background(), dst, src, pull.LocalOptions{Commit: c, Ref: "main"})
		if err != nil && !errors.Is(err, repo.ErrCorrupt) && !errors.Is(err, pull.ErrNotFound) && !errors.Is(err, repo.ErrNoSpace) {
			t.Fatal(err)
		}
		commits, listErr := dst.Commits()
		require.NoError(t, listErr)
		require.Equal(t, err == nil, len(commits) == 1)
		report, fsckErr := dst.Fsck(context.Background())
		require.NoError(t, fsckErr)
		require.Empty(t, report.Problems)
	})
}

// FuzzKeyfile reads files of groups, keys and values as the repository's config is one.
func FuzzKeyfile(f *testing.F) {
	f.Add([]byte("[core]\nrepo_version=1\nmode=bare\n"), "core", "mode", "archive-z2")
	f.Add([]byte("# comment\n\n[a]\nk = v \nk=w\n[a]\nl=\\s\n"), "a", "k", "")
	f.Add([]byte("[remote \"origin\"]\r\nurl=http://localhost\r\n"), "remote \"origin\"", "url", "x")
	f.Fuzz(func(t *testing.T, data []byte, group, key, value string) {
		k, err := repo.ParseKeyfile(data)
		if err != nil {
			return
		}
		again, err := repo.ParseKeyfile(k.Bytes())
		require.NoError(t, err)
		require.Equal(t, k.Groups(), again.Groups())
		want, ok := k.Get(group, key)
		got, also := again.Get(group, key)
		require.Equal(t, ok, also)
		require.Equal(t, want, got)
	})
}

// FuzzRepoConfig reads the config of a repository.
func FuzzRepoConfig(f *testing.F) {
	f.Add([]byte("[core]\nrepo_version=1\nmode=bare\nmin-free-space-size=500MB\n"))
	f.Add([]byte("[core]\nrepo_version=1\nmode=archive-z2\nmin-free-space-percent=3\ntmp-expiry-secs=86400\nlock-timeout-secs=-1\nlocking=false\n[archive]\nzlib-level=9\n"))
	f.Add([]byte("[core]\nmode=bare-user\nrepo_version=2\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := repo.ParseConfig(data)
		if err != nil {
			return
		}
		require.Contains(t, allModes, c.Mode)
		require.GreaterOrEqual(t, c.MinFreeBytes, int64(0))
		require.Contains(t, []int{1, 2, 3, 4, 5, 6, 7, 8, 9}, c.ZlibLevel)
	})
}

// FuzzRef checks names that become paths below refs.
func FuzzRef(f *testing.F) {
	for _, ref := range []string{"main", "device/main", "../x", "a//b", "/a", "a/", "a/./b", "-a", ".a", "a\x00b", "ü", ""} {
		f.Add(ref)
	}
	f.Fuzz(func(t *testing.T, ref string) {
		if repo.ValidateRef(ref) == nil {
			require.True(t, filepath.IsLocal(ref))
			require.Equal(t, filepath.Clean(ref), ref)
		}
	})
}
