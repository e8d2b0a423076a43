//go:build factory

package inject

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"
	"time"
)

// Command is a program to run.
type Command struct {
	Path string   // absolute
	Args []string // without the name
	Env  []string
	// Patience is how long it may take before everything is killed and Run
	// fails; zero is a minute.
	Patience time.Duration
}

// Result is how a run ended.
type Result struct {
	// Writes is how many calls that write were begun, the one at which it was
	// killed included.
	Writes int
	// Killed tells that it was killed, at the call Call.
	Killed bool
	Call   string
	// ExitCode is -1 for a program that was killed.
	ExitCode int
	// Output is what it wrote to stdout and stderr.
	Output []byte
}

// ErrPatience: the program took too long and was killed.
var ErrPatience = errors.New("still ran when patience was at its end")

// Run runs a program and kills it at its nth call that writes, counted from 1;
// with 0 it never does. The program has the namespaces of the calling thread.
func Run(c Command, n int) (Result, error) {
	// A tracer is a thread, not a process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	self, err := os.Executable()
	if err != nil {
		return Result{}, err
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		return Result{}, err
	}
	defer reader.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return Result{}, err
	}
	defer null.Close()
	process, err := os.StartProcess(self, append([]string{self, c.Path}, c.Args...), &os.ProcAttr{
		Env:   append(c.Env[:len(c.Env):len(c.Env)], helperVariable+"=1"),
		Files: []*os.File{null, writer, writer},
		Sys:   &syscall.SysProcAttr{Ptrace: true, Setpgid: true},
	})
	writer.Close()
	if err != nil {
		return Result{}, fmt.Errorf("start %s: %w", c.Path, err)
	}
	defer process.Release()
	output := make(chan []byte, 1)
	go func() {
		var b bytes.Buffer
		_, _ = io.Copy(&b, reader) // it ends when the last writer does
		output <- b.Bytes()
	}()
	if c.Patience == 0 {
		c.Patience = time.Minute
	}
	t := &tracer{leader: process.Pid, killAt: n, threads: map[int]bool{process.Pid: true}}
	watchdog := time.AfterFunc(c.Patience, func() {
		t.late.Store(true)
		_ = syscall.Kill(process.Pid, syscall.SIGKILL)
	})
	err = t.follow()
	watchdog.Stop()
	t.result.Output = <-output
	if err == nil && t.late.Load() {
		err = ErrPatience
	}
	if err != nil {
		err = fmt.Errorf("trace %s: %w\n%s", c.Path, err, t.result.Output)
	}
	return t.result, err
}
