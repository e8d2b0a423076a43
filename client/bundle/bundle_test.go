package bundle

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/pull"
	"github.com/sotabox/sotabox/ostreelite/repo"
	"github.com/sotabox/sotabox/tuf"
)

func TestEveryKind(t *testing.T) {
	f := newFixture(t)
	packed := tarOf(t, f.files...)
	dotted := []file{}
	for _, x := range f.files {
		dotted = append(dotted, file{name: "./" + x.name, data: x.data})
	}
	backward := slices.Clone(f.files)
	slices.Reverse(backward)
	for name, c := range map[string]struct {
		path   string
		stream []byte
	}{
		"directory":          {path: f.dir},
		"tar":                {path: saved(t, packed)},
		"tar with dots":      {path: saved(t, tarOf(t, dotted...))},
		"tar in other order": {path: saved(t, tarOf(t, backward...))},
		"gzip":               {path: saved(t, gzipOf(t, packed))},
		"zstd":               {path: saved(t, zstdOf(t, packed))},
		"stream":             {path: Stdin, stream: packed},
		"stream of gzip":     {path: Stdin, stream: gzipOf(t, packed)},
		"stream of zstd":     {path: Stdin, stream: zstdOf(t, packed)},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := Open(t.Context(), c.path, bytes.NewReader(c.stream))
			require.NoError(t, err)
			defer b.Close()
			require.Equal(t, c.path == Stdin, b.IsStream())

			root, err := b.Metadata().Fetch(t.Context(), "3.root.json", 100)
			require.NoError(t, err)
			require.Equal(t, "root", string(root))
			_, err = b.Metadata().Fetch(t.Context(), "4.root.json", 100)
			require.ErrorIs(t, err, tuf.ErrNotFound)

			device := newDevice(t)
			var last pull.Progress
			stats, err := b.Pull(t.Context(), device, PullOptions{Commit: f.commit, Progress: func(p pull.Progress) { last = p }})
			require.NoError(t, err)
			require.NotZero(t, stats.Content)
			require.NotZero(t, stats.Bytes)
			require.NotZero(t, last.Objects)
			requireWhole(t, device, f.commit)
			requireNotWhole(t, device, f.other)

			again, err := b.Pull(t.Context(), device, PullOptions{Commit: f.commit})
			require.NoError(t, err)
			require.Zero(t, again.Content+again.Metadata)

			if b.IsStream() {
				_, err = b.Pull(t.Context(), device, PullOptions{Commit: f.other})
				require.ErrorIs(t, err, errSpent)
			} else {
				_, err = b.Pull(t.Context(), device, PullOptions{Commit: f.other})
				require.NoError(t, err)
				requireWhole(t, device, f.other)
			}
			index, err := b.Index(t.Context())
			require.NoError(t, err)
			require.Equal(t, map[object.Checksum]bool{f.commit: true, f.other: true}, index.Commits)
			require.Equal(t, map[string]bool{"registry/shop@sha256:1": true}, index.Apps)
			require.Equal(t, map[string]int64{strings.Repeat("b", 64): 4}, index.Blobs)
		})
	}
}

func TestIndexSpendsAStream(t *testing.T) {
	f := newFixture(t)
	b, err := Open(t.Context(), Stdin, bytes.NewReader(tarOf(t, f.files...)))
	require.NoError(t, err)
	index, err := b.Index(t.Context())
	require.NoError(t, err)
	require.True(t, index.Commits[f.commit])
	_, err = b.Pull(t.Context(), newDevice(t), PullOptions{Commit: f.commit})
	require.ErrorIs(t, err, errSpent)
}

func TestAPipeIsAStream(t *testing.T) {
	f := newFixture(t)
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	go func() {
		w.Write(tarOf(t, f.files...))
		w.Close()
	}()
	b, err := Open(t.Context(), filepath.Join("/dev/fd", fdName(r)), nil)
	require.NoError(t, err)
	defer b.Close()
	require.True(t, b.IsStream())
	device := newDevice(t)
	_, err = b.Pull(t.Context(), device, PullOptions{Commit: f.commit})
	require.NoError(t, err)
	requireWhole(t, device, f.commit)
}

func TestWhatIsNotThere(t *testing.T) {
	f := newFixture(t)
	_, err := Open(t.Context(), filepath.Join(f.dir, "nothing"), nil)
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = Open(t.Context(), Stdin, nil)
	require.ErrorContains(t, err, "stream")

	empty := t.TempDir()
	b, err := Open(t.Context(), empty, nil)
	require.NoError(t, err)
	index, err := b.Index(t.Context())
	require.NoError(t, err)
	require.Empty(t, index.Commits)
	_, err = b.Pull(t.Context(), newDevice(t), PullOptions{Commit: f.commit})
	require.ErrorIs(t, err, ErrIncomplete)
	_, err = b.Metadata().Fetch(t.Context(), "1.root.json", 100)
	require.ErrorIs(t, err, tuf.ErrNotFound)
}

func TestIncomplete(t *testing.T) {
	f := newFixture(t)
	for part, whatever := range map[string]bool{
		f.commit.String()[2:] + ".commit": true, ".filez": true, ".dirtree": true, ".dirmeta": true, "ostree_repo/": true,
	} {
		require.True(t, whatever)
		t.Run(part, func(t *testing.T) {
			device := newDevice(t)
			for range 2 {
				_, err := pullFrom(t, saved(t, tarOf(t, f.without(part)...)), device, f.commit)
				require.ErrorIs(t, err, ErrIncomplete)
				requireNotWhole(t, device, f.commit)
			}
			// What came before is of use.
			stats, err := pullFrom(t, saved(t, tarOf(t, f.files...)), device, f.commit)
			require.NoError(t, err)
			requireWhole(t, device, f.commit)
			if part != "ostree_repo/" {
				require.Less(t, stats.Content+stats.Metadata, int64(len(f.files)-8))
			}
		})
	}
	t.Run("directory", func(t *testing.T) {
		require.NoError(t, os.Remove(filepath.Join(f.dir, f.files[f.index(t, ".filez")].name)))
		device := newDevice(t)
		_, err := pullFrom(t, f.dir, device, f.other)
		require.ErrorIs(t, err, ErrIncomplete)
		requireNotWhole(t, device, f.other)
	})
}

func TestPartialCommitsAreNotListed(t *testing.T) {
	f := newFixture(t)
	r, err := repo.Open(filepath.Join(f.dir, "ostree_repo"))
	require.NoError(t, err)
	defer r.Close()
	require.NoError(t, r.MarkPartial(f.commit))
	b, err := Open(t.Context(), f.dir, nil)
	require.NoError(t, err)
	index, err := b.Index(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[object.Checksum]bool{f.other: true}, index.Commits)
}

// A bundle may lie beside the device's repository, where its owner can still
// change it.
func TestNothingIsSharedWithADirectory(t *testing.T) {
	f := newFixture(t)
	device := newDevice(t)
	_, err := pullFrom(t, f.dir, device, f.commit)
	require.NoError(t, err)

	// The next device has the mode of the bundle, so that links would be possible.
	dir := t.TempDir()
	require.NoError(t, os.Rename(device.Path(), filepath.Join(dir, "ostree_repo")))
	second := newDevice(t)
	_, err = pullFrom(t, dir, second, f.commit)
	require.NoError(t, err)
	for _, path := range contentFiles(t, dir) {
		require.NoError(t, os.Chmod(path, 0o644))
		require.NoError(t, os.WriteFile(path, []byte("changed"), 0o644))
	}
	requireWhole(t, second, f.commit)
}

// contentFiles are the regular files that a bundle's bare repository keeps content in.
func contentFiles(t *testing.T, dir string) (files []string) {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "ostree_repo/objects/*/*.file"))
	require.NoError(t, err)
	for _, path := range all {
		info, err := os.Lstat(path)
		require.NoError(t, err)
		if info.Mode().IsRegular() {
			files = append(files, path)
		}
	}
	require.NotEmpty(t, files)
	return files
}

func TestNoSpace(t *testing.T) {
	f := newFixture(t)
	device := newDevice(t)
	config := device.Config().Keyfile
	config.Set("core", "min-free-space-size", "900TB")
	require.NoError(t, device.WriteConfig(config))
	for _, path := range []string{f.dir, saved(t, tarOf(t, f.files...))} {
		_, err := pullFrom(t, path, device, f.commit)
		require.ErrorIs(t, err, repo.ErrNoSpace)
		requireNotWhole(t, device, f.commit)
	}
}

func TestCanceled(t *testing.T) {
	f := newFixture(t)
	ctx, cancel := context.WithCancel(t.Context())
	b, err := Open(ctx, Stdin, bytes.NewReader(tarOf(t, f.files...)))
	require.NoError(t, err)
	cancel()
	_, err = b.Pull(ctx, newDevice(t), PullOptions{Commit: f.commit})
	require.ErrorIs(t, err, context.Canceled)
	_, err = Open(ctx, saved(t, tarOf(t, f.files...)), nil)
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, ErrMalformed)
}

func pullFrom(t *testing.T, path string, device *repo.Repo, c object.Checksum) (pull.Stats, error) {
	t.Helper()
	b, err := Open(t.Context(), path, nil)
	if err != nil {
		return pull.Stats{}, err
	}
	defer b.Close()
	return b.Pull(t.Context(), device, PullOptions{Commit: c})
}
