package lockfile_test

import (
	"bufio"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/internal/lockfile"
)

const holdEnv = "LOCKFILE_HOLD"

// TestMain turns the test binary into an owner that never lets go by itself.
func TestMain(m *testing.M) {
	if path := os.Getenv(holdEnv); path != "" {
		if _, err := lockfile.Acquire(path); err != nil {
			os.Exit(1)
		}
		os.Stdout.WriteString("held\n")
		select {}
	}
	os.Exit(m.Run())
}

func TestAcquireAndRelease(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run", "lock", "x.lock")
	l, err := lockfile.Acquire(path)
	require.NoError(t, err)
	_, err = lockfile.Acquire(path)
	require.ErrorIs(t, err, lockfile.ErrHeld)
	require.EqualError(t, err, "lock "+path+": another instance is running")
	require.NoError(t, l.Release())
	l, err = lockfile.Acquire(path)
	require.NoError(t, err)
	require.NoError(t, l.Release())
}

// TestAgainstFlock: flock(1) takes the lock aktualizr-lite takes.
func TestAgainstFlock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.lock")
	l, err := lockfile.Acquire(path)
	require.NoError(t, err)
	require.Error(t, exec.Command("flock", "--nonblock", path, "true").Run())
	require.NoError(t, l.Release())
	require.NoError(t, exec.Command("flock", "--nonblock", path, "true").Run())

	cmd := exec.Command("flock", "--nonblock", "--no-fork", path, "sh", "-c", "echo held; read never")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	_, err = bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	_, err = lockfile.Acquire(path)
	require.ErrorIs(t, err, lockfile.ErrHeld)
	require.NoError(t, in.Close())
	_ = cmd.Wait()
	l, err = lockfile.Acquire(path)
	require.NoError(t, err)
	require.NoError(t, l.Release())
}

func TestDeadOwnerDoesNotBlock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.lock")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), holdEnv+"="+path)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	_, err = bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	_, err = lockfile.Acquire(path)
	require.ErrorIs(t, err, lockfile.ErrHeld)
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	l, err := lockfile.Acquire(path)
	require.NoError(t, err)
	require.NoError(t, l.Release())
}

func TestStartedProgramsDoNotInherit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.lock")
	l, err := lockfile.Acquire(path)
	require.NoError(t, err)
	cmd := exec.Command("sleep", "60")
	require.NoError(t, cmd.Start())
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	require.NoError(t, l.Release())
	l, err = lockfile.Acquire(path)
	require.NoError(t, err)
	require.NoError(t, l.Release())
}

// TestFileRemovedByOthers: aktualizr-lite removes the file when it ends, just
// before the kernel takes its lock away.
func TestFileRemovedByOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.lock")
	var holders, most atomic.Int32
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 300 {
				l, err := lockfile.Acquire(path)
				if err != nil {
					continue
				}
				if n := holders.Add(1); n > most.Load() {
					most.Store(n)
				}
				holders.Add(-1)
				os.Remove(path)
				l.Release()
			}
		})
	}
	wg.Wait()
	require.Equal(t, int32(1), most.Load())
}

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(dir+"/file", nil, 0o600))
	_, err := lockfile.Acquire(dir + "/file/x.lock")
	require.ErrorIs(t, err, syscall.ENOTDIR)
	require.ErrorContains(t, err, dir+"/file/x.lock")

	require.NoError(t, os.Symlink("file", dir+"/link"))
	_, err = lockfile.Acquire(dir + "/link")
	require.ErrorIs(t, err, syscall.ELOOP)

	require.NoError(t, os.Chmod(dir+"/file", 0))
	l, err := lockfile.Acquire(dir + "/file")
	if os.Getuid() == 0 {
		require.NoError(t, err)
		require.NoError(t, l.Release())
	} else {
		require.ErrorIs(t, err, fs.ErrPermission)
	}
}
