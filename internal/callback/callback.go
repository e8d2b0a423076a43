package callback

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// The messages, in the order in which an update sends them.
const (
	CheckForUpdatePre  = "check-for-update-pre"
	CheckForUpdatePost = "check-for-update-post"
	DownloadPre        = "download-pre"
	DownloadPost       = "download-post"
	InstallPre         = "install-pre"
	InstallPost        = "install-post"
	InstallFinalPre    = "install-final-pre"
)

// The results of messages that end in -post.
const (
	OK              = "OK"
	Failed          = "FAILED"
	NeedsCompletion = "NEEDS_COMPLETION"
)

// FailedBecause is the result of a check for updates that failed.
func FailedBecause(reason string) string { return Failed + ": " + reason }

// DefaultTimeout bounds one run. The C++ client waits for ever.
const DefaultTimeout = 5 * time.Minute

const (
	// maxOutput is how much of what the program prints goes to the log, in bytes.
	maxOutput = 4096
	// grace is how long output is waited for that a child left behind holds open.
	grace = 2 * time.Second
)

// Message is what the program is told. Empty members are not in its environment.
type Message struct {
	Message           string // MESSAGE, one of the constants
	CurrentTargetName string // CURRENT_TARGET_NAME
	InstallTargetName string // INSTALL_TARGET_NAME
	Result            string // RESULT
}

// Runner runs the program. Its zero value runs nothing.
type Runner struct {
	// Program is the path of a program, or a program and arguments separated by
	// blanks. There is no quoting and no other syntax of a shell; a path that has
	// blanks in it works without arguments. Empty: no callbacks.
	Program string
	// CurrentTarget is the path of the file that describes the current target,
	// passed as CURRENT_TARGET.
	CurrentTarget string
	// Environ is what the variables are added to, usually os.Environ().
	Environ []string
	// Timeout bounds one run; 0 means DefaultTimeout.
	Timeout time.Duration
	// Log takes what the program prints and how it fails; nil: dropped.
	Log *slog.Logger
}

// Run runs the program and waits for it. Whatever goes wrong is logged and has no
// effect on the update. A program that takes too long, or outlives ctx, is killed
// with all of its process group.
func (r Runner) Run(ctx context.Context, m Message) {
	args := split(r.Program)
	if len(args) == 0 {
		return
	}
	log := r.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	log = log.With("program", args[0], "message", m.Message)
	timeout := r.Timeout
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("killed after %v", timeout))
	defer cancel()

	out := &output{limit: maxOutput}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = environ(r.Environ, r.CurrentTarget, m)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		if err == syscall.ESRCH {
			err = os.ErrProcessDone
		}
		return err
	}
	cmd.WaitDelay = grace
	err := cmd.Run()
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if errors.Is(err, exec.ErrWaitDelay) {
		// It ended well; something it started holds its output open.
		err = nil
	}
	if text := out.String(); text != "" {
		log.Info("callback printed", "output", text)
	}
	if err != nil {
		log.Error("callback failed", "error", err)
	}
}

// split takes the whole text as a path if there is such a file.
func split(program string) []string {
	if _, err := os.Stat(program); err == nil {
		return []string{program}
	}
	return strings.Fields(program)
}
