package sysroot

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// fatMount is one that is mounted.
type fatMount struct {
	t   *testing.T
	in  io.Writer
	out *bufio.Reader
}

// mountFAT mounts one for the rest of the test. It is served by a process of
// its own: one that waits for itself could not even be killed.
func mountFAT(t *testing.T, dir string, exchange bool, blocks int) *fatMount {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "SYSROOT_TEST_FAT="+dir, fmt.Sprint("SYSROOT_TEST_FAT_BLOCKS=", blocks))
	if exchange {
		cmd.Env = append(cmd.Env, "SYSROOT_TEST_FAT_EXCHANGE=1")
	}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		in.Close()
		require.NoError(t, cmd.Wait())
	})
	m := &fatMount{t, in, bufio.NewReader(out)}
	m.answer()
	return m
}

func (m *fatMount) answer() int {
	m.t.Helper()
	line, err := m.out.ReadString('\n')
	require.NoError(m.t, err)
	n, err := strconv.Atoi(strings.TrimSpace(line))
	require.NoError(m.t, err)
	return n
}

// cutAfter cuts the power after as many changes.
func (m *fatMount) cutAfter(changes int) {
	m.t.Helper()
	fmt.Fprintln(m.in, changes)
	m.answer()
}

// restore switches the power on, and reports whether it was cut.
func (m *fatMount) restore() bool {
	m.t.Helper()
	fmt.Fprintln(m.in, -1)
	return m.answer() == 0
}

// serveFAT is the process that serves one. Every line it reads is a number of
// changes until the power is cut, every line it writes is what was left of the
// number before.
func serveFAT(dir string) error {
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	blocks, err := strconv.ParseUint(os.Getenv("SYSROOT_TEST_FAT_BLOCKS"), 10, 32)
	if err != nil {
		return err
	}
	f := &fatFS{
		fd: fd, nodes: map[uint64]*fatNode{1: newFATDir()}, next: 2, blocks: blocks, left: -1,
		exchange: os.Getenv("SYSROOT_TEST_FAT_EXCHANGE") != "",
	}
	options := fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions", fd)
	if err := unix.Mount("fat", dir, "fuse", unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		return err
	}
	go f.serve()
	fmt.Println(0)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		changes, err := strconv.Atoi(lines.Text())
		if err != nil {
			return err
		}
		f.mu.Lock()
		fmt.Println(f.left)
		f.left = changes
		f.mu.Unlock()
	}
	return unix.Unmount(dir, unix.MNT_DETACH)
}
