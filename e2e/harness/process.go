//go:build factory

package harness

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience is how long a command may take before it is taken for hanging.
const patience = 2 * time.Minute

// process is a command under way.
type process struct {
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	done           chan error
}

// start runs a command of the script in its environment. aktualizr-lite and
// bundle-apply get the device's configuration unless the script names one.
func start(ts *testscript.TestScript, args []string) *process {
	if len(args) == 0 {
		ts.Fatalf("no command to run")
	}
	var stdin io.Reader
	if name, ok := strings.CutPrefix(args[len(args)-1], "<"); ok {
		file, err := os.Open(ts.MkAbs(name))
		ts.Check(err)
		ts.Defer(func() { file.Close() })
		stdin, args = file, args[:len(args)-1]
	}
	if (args[0] == "aktualizr-lite" || args[0] == "bundle-apply") && !slices.ContainsFunc(args, namesConfig) {
		args = append([]string{args[0], "--config", ts.Getenv("CONFIG")}, args[1:]...)
	}
	p := &process{cmd: exec.Command(lookPath(ts, args[0]), args[1:]...), done: make(chan error, 1)}
	p.cmd.Args[0] = args[0]
	p.cmd.Dir = ts.MkAbs(".")
	p.cmd.Env = environment(ts)
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = stdin, &p.stdout, &p.stderr
	ts.Check(p.cmd.Start())
	go func() { p.done <- p.cmd.Wait() }()
	return p
}

func namesConfig(arg string) bool {
	return arg == "-c" || arg == "--config" || strings.HasPrefix(arg, "--config=")
}

// environment is what a device's process would have, and no more.
func environment(ts *testscript.TestScript) []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "AKLITE_TEST_RETURN_ON_SLEEP"} {
		if value := ts.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}

func lookPath(ts *testscript.TestScript, name string) string {
	if strings.Contains(name, "/") {
		return ts.MkAbs(name)
	}
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path
		}
	}
	ts.Fatalf("%s is not in PATH", name)
	return ""
}

// wait returns the exit code, or -1 for a process ended by a signal, and hands
// its output to the script.
func (p *process) wait(ts *testscript.TestScript) int {
	select {
	case <-p.done:
	case <-time.After(patience):
		p.cmd.Process.Signal(syscall.SIGQUIT)
		<-p.done
		ts.Logf("[stderr]\n%s", p.stderr.String())
		ts.Fatalf("%s still ran after %v", p.cmd, patience)
	}
	ts.Stdout().Write(p.stdout.Bytes())
	ts.Stderr().Write(p.stderr.Bytes())
	return p.cmd.ProcessState.ExitCode()
}

// kill ends the process as a power cut would, and reports whether it was still
// running.
func (p *process) kill() bool {
	p.cmd.Process.Kill()
	<-p.done
	return p.cmd.ProcessState.ExitCode() == -1
}

func exitCommand(ts *testscript.TestScript, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: exit CODE COMMAND ...")
	}
	want := number(ts, args[0])
	p := start(ts, args[1:])
	if got := p.wait(ts); got != want {
		ts.Logf("[stdout]\n%s[stderr]\n%s", p.stdout.String(), p.stderr.String())
		ts.Fatalf("%s: exit code %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

// complaintCommand demands that stderr holds one line besides the log, and
// which.
func complaintCommand(ts *testscript.TestScript, args []string) {
	pattern, err := regexp.Compile(args[0])
	ts.Check(err)
	var lines []string
	for line := range strings.Lines(ts.ReadFile("stderr")) {
		if !isLog(line) {
			lines = append(lines, line)
		}
	}
	if len(lines) != 1 || !strings.HasSuffix(lines[0], "\n") {
		ts.Fatalf("stderr has %d lines that are not the log's", len(lines))
	}
	if !pattern.MatchString(lines[0]) {
		ts.Fatalf("the complaint does not match %s:\n%s", args[0], lines[0])
	}
}

// isLog tells the log's lines, which begin with their level.
func isLog(line string) bool {
	level, _, found := strings.Cut(line, ": ")
	return found && slices.Contains([]string{"trace", "debug", "info", "warning", "error", "fatal"}, level)
}
