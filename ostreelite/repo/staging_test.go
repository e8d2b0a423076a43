package repo

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// abandon leaves a staging directory with one object, as a process that was
// killed does.
func abandon(t *testing.T, r *Repo) (object string) {
	t.Helper()
	x := begin(t, r)
	c, h := sample(r.Mode(), "abandoned")
	require.NoError(t, x.WriteFile(c, h, 9, strings.NewReader("abandoned")))
	require.NoError(t, x.Abort())
	require.Len(t, filesUnder(t, r, "tmp"), 1)
	return filepath.Join(r.Path(), "objects", loosePath(fileName(c), r.Mode()))
}

// TestOSTreeTakesOverOurStaging: of this boot it uses what is there, of another
// it removes it.
func TestOSTreeTakesOverOurStaging(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), []byte("x"), 0o644))
	for boot, used := range map[string]bool{"": true, "another-boot": false} {
		r := newRepo(t, BareUser)
		path := abandon(t, r)
		cmd := exec.Command("ostree", "--repo="+r.Path(), "commit", "--branch=main", dir)
		cmd.Env = os.Environ()
		if boot != "" {
			cmd.Env = append(cmd.Env, "OSTREE_BOOTID="+boot)
		}
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Empty(t, filesUnder(t, r, "tmp"))
		if used {
			require.FileExists(t, path)
		} else {
			require.NoFileExists(t, path)
		}
	}
}

func TestTmpfile(t *testing.T) {
	dir := t.TempDir()
	fd, err := openDir(unix.AT_FDCWD, dir)
	require.NoError(t, err)
	defer unix.Close(fd)
	for name, open := range map[string]func(int) (tmpfile, error){"unnamed": newTmpfile, "named": namedTmpfile} {
		f, err := open(fd)
		require.NoError(t, err, name)
		require.NoError(t, writeAll(f.fd, []byte(name)))
		require.NoError(t, f.link(fd, name))
		require.ErrorIs(t, f.link(fd, name), unix.EEXIST)
		f.discard()
		f.discard()
		f, err = open(fd)
		require.NoError(t, err, name)
		f.discard()
	}
	names, err := listDir(fd)
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"named", "unnamed"}, names)
}

func TestClassify(t *testing.T) {
	for _, errno := range []error{unix.ENOSPC, unix.EDQUOT} {
		require.ErrorIs(t, classify(fmt.Errorf("write: %w", errno)), ErrNoSpace)
		require.ErrorIs(t, classify(errno), errno)
	}
	require.NotErrorIs(t, classify(unix.EIO), ErrNoSpace)
	require.NoError(t, classify(nil))
}
