//go:build factory

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// meterCommand makes this program a meter: it runs one command and reports what
// it used. The meter is a process of its own because a child inherits, as its
// own peak, the resident size that its parent had when it was started.
const meterCommand = "meter"

// usage is what a process used.
type usage struct {
	Wall, CPU time.Duration
	RSS       int64 // peak, in bytes
}

// meterMain runs args[1:] and writes its usage to the file args[0].
func meterMain(args []string) int {
	cmd := exec.Command(args[1], args[2:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	start := time.Now()
	if err := cmd.Run(); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", filepath.Base(args[1]), err)
		return 1
	}
	u := usage{Wall: time.Since(start), CPU: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	u.RSS = cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10
	data, err := json.Marshal(u)
	if err == nil {
		err = os.WriteFile(args[0], data, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// meter runs a command to its end under a meter. What the command printed is
// part of the error if it fails.
func meter(ctx context.Context, dir string, command ...string) (usage, error) {
	var u usage
	self, err := os.Executable()
	if err != nil {
		return u, err
	}
	report := filepath.Join(dir, "usage.json")
	cmd := exec.CommandContext(ctx, self, append([]string{meterCommand, report}, command...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return u, fmt.Errorf("%v: %w\n%s", command, err, out)
	}
	data, err := os.ReadFile(report)
	if err != nil {
		return u, err
	}
	return u, json.Unmarshal(data, &u)
}
