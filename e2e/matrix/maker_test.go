//go:build factory

package matrix

import (
	"os"
	"path"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// maker makes files, directories above them included, also where paths are too
// long for system calls.
type maker struct {
	t    testing.TB
	root *os.Root
}

func newMaker(t testing.TB, dir string) *maker {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o755))
	root, err := os.OpenRoot(dir)
	require.NoError(t, err)
	t.Cleanup(func() { root.Close() })
	return &maker{t, root}
}

func (m *maker) file(name, data string, perm uint32) {
	m.t.Helper()
	require.NoError(m.t, m.root.MkdirAll(path.Dir(name), 0o755))
	require.NoError(m.t, m.root.WriteFile(name, []byte(data), 0o600))
	m.chmod(name, perm)
}

func (m *maker) mkdir(name string, perm uint32) {
	m.t.Helper()
	require.NoError(m.t, m.root.MkdirAll(name, 0o755))
	m.chmod(name, perm)
}

func (m *maker) symlink(name, target string) {
	m.t.Helper()
	require.NoError(m.t, m.root.MkdirAll(path.Dir(name), 0o755))
	require.NoError(m.t, m.root.Symlink(target, name))
}

func (m *maker) link(name, old string) {
	m.t.Helper()
	require.NoError(m.t, m.root.Link(old, name))
}

// opened gives the descriptor of a file to do something with it.
func (m *maker) opened(name string, do func(fd int) error) {
	m.t.Helper()
	f, err := m.root.Open(name)
	require.NoError(m.t, err)
	defer f.Close()
	require.NoError(m.t, do(int(f.Fd())), name)
}

// chmod sets all twelve bits, set-id and sticky as chmod(2) has them.
func (m *maker) chmod(name string, perm uint32) {
	m.t.Helper()
	m.opened(name, func(fd int) error { return unix.Fchmod(fd, perm) })
}

func (m *maker) xattr(name, attr, value string) {
	m.t.Helper()
	m.opened(name, func(fd int) error { return unix.Fsetxattr(fd, attr, []byte(value), 0) })
}

// linkXattr sets an attribute of a symbolic link.
func (m *maker) linkXattr(name, attr, value string) {
	m.t.Helper()
	m.opened(path.Dir(name), func(fd int) error {
		return unix.Lsetxattr("/proc/self/fd/"+strconv.Itoa(fd)+"/"+path.Base(name), attr, []byte(value), 0)
	})
}

func (m *maker) lchown(name string, uid, gid int) {
	m.t.Helper()
	require.NoError(m.t, m.root.Lchown(name, uid, gid))
}
