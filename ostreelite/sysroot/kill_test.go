package sysroot

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// TestMain runs the test binary as a process that deploys and may be killed, or
// that serves a file system, if the environment says so.
func TestMain(m *testing.M) {
	if dir := os.Getenv("SYSROOT_TEST_DEPLOY"); dir != "" {
		if err := deployChild(dir, os.Getenv("SYSROOT_TEST_COMMIT")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if dir := os.Getenv("SYSROOT_TEST_FAT"); dir != "" {
		if err := serveFAT(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func deployChild(dir, commit string) error {
	c, err := object.ParseChecksum(commit)
	if err != nil {
		return err
	}
	s, err := Open(Options{Path: dir})
	if err != nil {
		return err
	}
	defer s.Close()
	fmt.Println("ready")
	_, err = s.Deploy(context.Background(), Request{OS: testOS, Commit: c, Refspec: "main"})
	return err
}

// startChild starts a deploying process and waits until it begins.
func (w *world) startChild(c object.Checksum) *exec.Cmd {
	w.t.Helper()
	self, err := os.Executable()
	require.NoError(w.t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "SYSROOT_TEST_DEPLOY="+w.dir, "SYSROOT_TEST_COMMIT="+c.String())
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(w.t, err)
	require.NoError(w.t, cmd.Start())
	_, err = bufio.NewReader(out).ReadString('\n')
	require.NoError(w.t, err)
	return cmd
}

// watch tells the changes in some directories of the sysroot, the ones where
// what a deployment does step by step can be seen.
func (w *world) watch(dirs ...string) *os.File {
	w.t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	require.NoError(w.t, err)
	for _, dir := range dirs {
		_, err := unix.InotifyAddWatch(fd, filepath.Join(w.dir, dir), unix.IN_CREATE|unix.IN_MOVED_TO|unix.IN_DELETE|unix.IN_ATTRIB)
		require.NoError(w.t, err)
	}
	return os.NewFile(uintptr(fd), "inotify")
}

// killAfter kills a process as soon as there were that many changes, and
// reports whether there were.
func killAfter(t *testing.T, cmd *exec.Cmd, events *os.File, count int) bool {
	t.Helper()
	killed, done := false, make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 4096)
		for seen := 0; ; {
			n, err := events.Read(buf)
			if err != nil {
				return
			}
			for at := 0; at < n; seen++ {
				at += unix.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(buf[at+12:]))
			}
			if seen >= count {
				// The process may have finished by itself.
				killed = unix.Kill(cmd.Process.Pid, unix.SIGKILL) == nil
				return
			}
		}
	}()
	err := cmd.Wait()
	events.Close()
	<-done
	if err == nil {
		return false
	}
	require.True(t, killed, "the deployment failed: %v", err)
	return true
}

// A deployment that is killed leaves the old or the new list, and the next one
// completes. It is killed after every change that can be seen.
func TestKilledDeploy(t *testing.T) {
	forEachMode(t, func(t *testing.T, mode repo.Mode) {
		w := deployed(t, mode, "1")
		for i := range 100 {
			w.file(fmt.Sprintf("usr/share/many/%d", i), fmt.Sprint(i), 0o644)
			w.file(fmt.Sprintf("usr/etc/many/%d", i), fmt.Sprint(i), 0o644)
		}
		w.next("2")
		w.admin("deploy", "--os="+testOS, "main")
		old, fresh := 0, 0
		for i, killed := 1, true; killed; i++ {
			before := w.open().Deployments()
			require.NoError(t, os.WriteFile(w.path(before[0], fmt.Sprintf("etc/mine%d", i)), nil, 0o644))
			// Every third change is one of the links only.
			w.file("usr/bin/tool", fmt.Sprint(i), 0o755)
			if i%3 != 0 {
				w.file("usr/lib/modules/6.1.2-lmp/vmlinuz", fmt.Sprint("kernel ", i), 0o644)
			}
			c := w.commit("main", "")
			events := w.watch("boot", "boot/ostree", "ostree", "ostree/deploy", "ostree/deploy/"+testOS+"/deploy",
				"ostree/repo/refs/heads/ostree")
			cmd := w.startChild(c)
			killed = killAfter(t, cmd, events, i)

			w.admin("status")
			s := w.open()
			list := s.Deployments()
			if list[0].Same(before[0]) {
				old++
				require.Equal(t, names(before), names(list))
			} else {
				fresh++
				require.Equal(t, c, list[0].Commit)
				require.True(t, list[1].Same(before[0]))
			}
			w.requireComplete(s, c, before[0], i)
			require.NoError(t, s.Close())
		}
		t.Logf("%d kills left the old list, %d the new", old, fresh)
		require.Greater(t, old, 5)
		// How many depends on how late the kill comes.
		require.Positive(t, fresh)
		w.fsck()
		// And the real ostree goes on from there.
		w.next("last")
		w.admin("deploy", "--os="+testOS, "main")
	})
}

// requireComplete repeats a deployment and requires its result with nothing
// left over beside it.
func (w *world) requireComplete(s *Sysroot, c object.Checksum, previous Deployment, i int) {
	w.t.Helper()
	d, err := s.Deploy(w.t.Context(), Request{OS: testOS, Commit: c, Refspec: "main"})
	require.NoError(w.t, err)
	require.Equal(w.t, []string{d.Name(), previous.Name()}, names(s.Deployments()))
	require.FileExists(w.t, w.path(d, fmt.Sprintf("etc/mine%d", i)))
	require.FileExists(w.t, w.path(d, "etc/mine1"))
	trees, err := filepath.Glob(filepath.Join(w.dir, "ostree/deploy", testOS, "deploy/*"))
	require.NoError(w.t, err)
	require.Len(w.t, trees, 4, "two deployments with their origins")
	links, err := filepath.Glob(filepath.Join(w.dir, "ostree/boot.*"))
	require.NoError(w.t, err)
	require.Len(w.t, links, 2)
	sums := map[string]bool{d.BootChecksum: true, previous.BootChecksum: true}
	kernels, err := filepath.Glob(filepath.Join(w.dir, "boot/ostree/*"))
	require.NoError(w.t, err)
	require.Len(w.t, kernels, len(sums))
}

func names(list []Deployment) []string {
	var out []string
	for _, d := range list {
		out = append(out, d.Name())
	}
	return out
}
