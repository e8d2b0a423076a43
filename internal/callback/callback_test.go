package callback

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// script makes a program and a Runner for it whose log can be read.
func script(t *testing.T, body string) (Runner, *bytes.Buffer) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "callback")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+body), 0o700))
	log := new(bytes.Buffer)
	return Runner{
		Program: path, CurrentTarget: "/var/sota/current-target", Environ: os.Environ(),
		Log: slog.New(slog.NewTextHandler(log, nil)),
	}, log
}

func TestEnvironment(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	r, log := script(t, `env -0 > `+out)
	r.Environ = []string{"HOME=/root", "RESULT=stale", "INSTALL_TARGET_NAME=stale"}
	run := func(m Message) map[string]string {
		r.Run(context.Background(), m)
		require.Empty(t, log.String())
		data, err := os.ReadFile(out)
		require.NoError(t, err)
		env := map[string]string{}
		for kv := range strings.SplitSeq(strings.TrimSuffix(string(data), "\x00"), "\x00") {
			name, value, _ := strings.Cut(kv, "=")
			env[name] = value
		}
		delete(env, "PWD") // of the shell, as are these two
		delete(env, "_")
		delete(env, "SHLVL")
		return env
	}
	require.Equal(t, map[string]string{
		"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
		"MESSAGE": "install-post", "CURRENT_TARGET": "/var/sota/current-target",
		"CURRENT_TARGET_NAME": "a-1", "INSTALL_TARGET_NAME": "a-2", "RESULT": "OK",
	}, run(Message{InstallPost, "a-1", "a-2", OK}))
	require.Equal(t, map[string]string{
		"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
		"MESSAGE": "check-for-update-pre", "CURRENT_TARGET": "/var/sota/current-target",
	}, run(Message{Message: CheckForUpdatePre}), "what a message does not say is not there")

	r.Environ = []string{"PATH=/usr/bin:/bin"}
	require.Equal(t, "/usr/bin:/bin", run(Message{Message: DownloadPre})["PATH"])
}

// TestInjection: values that a shell would act on arrive as they are.
func TestInjection(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	out := filepath.Join(t.TempDir(), "out")
	r, log := script(t, `printf %s "$INSTALL_TARGET_NAME" > `+out+`; printf %s "$RESULT" >> `+out)
	for _, value := range []string{
		`"; touch pwned; "`, "$(touch pwned)", "`touch pwned`", "a\ntouch pwned\n", "'; touch pwned; '",
		"a & touch pwned &", "x\" LD_PRELOAD=/tmp/x.so \"", "${IFS}", "* ~ \\", "-rf /",
		"a\nMESSAGE=forged", "ünï\xff",
	} {
		r.Run(context.Background(), Message{DownloadPost, value, value, FailedBecause(value)})
		require.Empty(t, log.String())
		got, err := os.ReadFile(out)
		require.NoError(t, err)
		require.Equal(t, value+"FAILED: "+value, string(got))
	}
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)

	// A zero byte would end the value, and the kernel refuses overlong ones.
	r.Run(context.Background(), Message{DownloadPost, "", "a\x00b", strings.Repeat("r", 1<<20)})
	require.Empty(t, log.String())
	got, err := os.ReadFile(out)
	require.NoError(t, err)
	require.Equal(t, "ab"+strings.Repeat("r", 16<<10), string(got))
}

func TestProgramAndArguments(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	body := "#!/bin/sh\nfor a in \"$@\"; do printf '<%s>' \"$a\"; done > " + out
	require.NoError(t, os.WriteFile(dir+"/plain", []byte(body), 0o700))
	require.NoError(t, os.WriteFile(dir+"/with blank", []byte(body), 0o700))
	for program, want := range map[string]string{
		dir + "/plain":                    "",
		dir + "/plain  -a\tb ;true $HOME": "<-a><b><;true><$HOME>",
		dir + "/with blank":               "",
	} {
		log := new(bytes.Buffer)
		Runner{Program: program, Log: slog.New(slog.NewTextHandler(log, nil))}.Run(context.Background(), Message{Message: InstallPre})
		require.Empty(t, log.String())
		got, err := os.ReadFile(out)
		require.NoError(t, err)
		require.Equal(t, want, string(got))
	}
	Runner{}.Run(context.Background(), Message{})
	Runner{Program: "  "}.Run(context.Background(), Message{})
}

func TestFailuresAreLogged(t *testing.T) {
	r, log := script(t, "echo went wrong >&2; exit 3")
	r.Run(context.Background(), Message{Message: InstallPre})
	require.Contains(t, log.String(), `output="went wrong"`)
	require.Contains(t, log.String(), `level=ERROR msg="callback failed"`)
	require.Contains(t, log.String(), `message=install-pre error="exit status 3"`)

	for name, program := range map[string]string{"missing": "/nonexistent/callback", "not in PATH": "no-such-program-x", "a directory": t.TempDir()} {
		log.Reset()
		r.Program = program
		r.Run(context.Background(), Message{Message: InstallPre})
		require.Contains(t, log.String(), "callback failed", name)
	}
}

func TestOutputIsBounded(t *testing.T) {
	r, log := script(t, "head -c 1000000 /dev/zero | tr '\\0' x; echo end")
	r.Run(context.Background(), Message{Message: InstallPre})
	require.Contains(t, log.String(), strings.Repeat("x", 4096)+" [and 995908 bytes more]")
	require.Less(t, log.Len(), 5000)
	require.NotContains(t, log.String(), "failed")
}

// TestHang: the whole process group is gone after the timeout.
func TestHang(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pids")
	r, log := script(t, `sleep 600 & echo $! > `+pids+`; trap "" TERM INT; sleep 600; sleep 600`)
	r.Timeout = 200 * time.Millisecond
	start := time.Now()
	r.Run(context.Background(), Message{Message: InstallPre})
	require.Less(t, time.Since(start), 5*time.Second)
	require.Contains(t, log.String(), `error="killed after 200ms"`)
	requireDead(t, pids)

	r.Timeout = 0
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	log.Reset()
	r.Run(ctx, Message{Message: InstallPre})
	require.Contains(t, log.String(), context.DeadlineExceeded.Error())
	requireDead(t, pids)
}

// TestBackgroundChild: a program may leave something running, which neither
// hangs the update, though it holds the output open, nor is killed.
func TestBackgroundChild(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pids")
	r, log := script(t, `sleep 600 & echo $! > `+pids)
	start := time.Now()
	r.Run(context.Background(), Message{Message: InstallPre})
	require.Less(t, time.Since(start), 10*time.Second)
	require.Empty(t, log.String())
	require.NoError(t, syscall.Kill(readPid(t, pids), syscall.SIGKILL), "it still ran")
}

func requireDead(t *testing.T, file string) {
	t.Helper()
	pid := readPid(t, file)
	require.Eventually(t, func() bool {
		// Its parent is gone: the process is reaped by init, or stays a zombie
		// where there is no init.
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		return err != nil || bytes.Contains(stat, []byte(") Z "))
	}, 3*time.Second, 10*time.Millisecond)
}

func readPid(t *testing.T, file string) int {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	require.NoError(t, err)
	return pid
}
