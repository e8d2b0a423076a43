//go:build factory

package rootfs

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// listing describes every entry of a tree in one line each.
func listing(t *testing.T, dir string) map[string]string {
	t.Helper()
	lines := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Lstat(path)
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		content := ""
		switch info.Mode().Type() {
		case 0:
			data, err := os.ReadFile(path)
			if err != nil && os.Geteuid() == 0 {
				return err
			}
			content = fmt.Sprintf("%x", sha256.Sum256(data))
		case fs.ModeSymlink:
			content, err = os.Readlink(path)
		}
		lines[name] = info.Mode().String() + " " + content
		return err
	}))
	return lines
}

func generate(t *testing.T, o Options) map[string]string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tree")
	require.NoError(t, Generate(dir, o))
	t.Cleanup(func() { os.Chmod(filepath.Join(dir, "usr/share/private"), 0o700) })
	return listing(t, dir)
}

func TestSameOptionsMakeTheSameTree(t *testing.T) {
	o := Options{Version: 3, Files: 300}
	require.Equal(t, generate(t, o), generate(t, o))
}

func TestVersionsDifferALittle(t *testing.T) {
	one := generate(t, Options{Version: 1, Files: 1500})
	two := generate(t, Options{Version: 2, Files: 1500})
	var changed, added, removed int
	for name, line := range two {
		switch old, ok := one[name]; {
		case !ok:
			added++
		case old != line:
			changed++
		}
	}
	for name := range one {
		if _, ok := two[name]; !ok {
			removed++
		}
	}
	require.Greater(t, len(one), 1500)
	require.Greater(t, changed, 10)
	require.Less(t, changed, 150)
	require.Positive(t, added)
	require.Positive(t, removed)
	require.NotEqual(t, one["usr/etc/motd"], two["usr/etc/motd"])
	require.Contains(t, one, "usr/lib/modules/6.6.0-sotabox/vmlinuz")
	require.Contains(t, two, "usr/lib/modules/6.6.1-sotabox/vmlinuz")
}

func TestOddModes(t *testing.T) {
	tree := generate(t, Options{Version: 1})
	for name, mode := range map[string]string{
		"usr/bin/su":         "urwxr-xr-x",
		"usr/bin/wall":       "grwxr-xr-x",
		"usr/libexec/secret": "-r--------",
		"usr/libexec/none":   "----------",
		"usr/share/spool":    "dtrwxrwxrwx",
	} {
		require.Contains(t, tree[name], mode, name)
	}
	require.Equal(t, "Lrwxrwxrwx /nowhere/at/all", tree["usr/share/dangling"])
}

func TestCanonicalTreesFitBareUserOnly(t *testing.T) {
	for name, line := range generate(t, Options{Version: 2, Files: 60, Canonical: true}) {
		require.Regexp(t, `^[-dL]rw[-x]`, line, name)
		require.NotRegexp(t, `^[-d]........w`, line, name)
	}
}

func TestWithoutKernel(t *testing.T) {
	require.NotContains(t, generate(t, Options{Version: 2, NoKernel: true}), "usr/lib/modules")
}
