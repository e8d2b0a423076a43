package repo

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
)

func TestSummary(t *testing.T) {
	r := newRepo(t, Archive)
	_, err := r.Summary()
	require.ErrorIs(t, err, ErrNotFound)

	c := ostreeCommit(t, r, makeTree(t), "main")
	ostree(t, "--repo="+r.Path(), "refs", "--create=another/one", c.String())
	ostree(t, "--repo="+r.Path(), "summary", "--update")
	s, err := r.Summary()
	require.NoError(t, err)
	commit, err := r.Metadata(object.Name{Type: object.TypeCommit, Checksum: c})
	require.NoError(t, err)
	require.Len(t, s.Refs, 2)
	for i, name := range []string{"another/one", "main"} {
		require.Equal(t, name, s.Refs[i].Name)
		require.Equal(t, c, s.Refs[i].Commit)
		require.EqualValues(t, len(commit), s.Refs[i].Size)
		require.NoError(t, object.ValidateMetadata(s.Refs[i].Metadata))
	}
	require.NoError(t, object.ValidateMetadata(s.Metadata))

	path := filepath.Join(r.Path(), "summary")
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, data[:len(data)-1], 0o644))
	_, err = r.Summary()
	require.ErrorIs(t, err, ErrCorrupt)
}

// The real ostree refuses to commit a name that is not UTF-8, and so do we. It
// commits such a link, but as a link to "[Invalid UTF-8]" as soon as the commit is
// in an archive repository; we refuse that too.
func TestCommitRefusesWhatIsNotUTF8(t *testing.T) {
	for name, make := range map[string]func(dir string) error{
		"file":      func(dir string) error { return os.WriteFile(filepath.Join(dir, "caf\xe9"), nil, 0o644) },
		"directory": func(dir string) error { return os.Mkdir(filepath.Join(dir, "caf\xe9"), 0o755) },
		"target":    func(dir string) error { return os.Symlink("caf\xe9", filepath.Join(dir, "link")) },
	} {
		dir := t.TempDir()
		require.NoError(t, make(dir))
		r := newRepo(t, BareUserOnly)
		_, err := r.CommitTree(t.Context(), CommitOptions{Dir: dir})
		require.ErrorIs(t, err, object.ErrMalformed, name)
		if name != "target" {
			require.Error(t, exec.Command("ostree", "--repo="+r.Path(), "commit", "--branch=main", dir).Run(), name)
		}
	}
}
