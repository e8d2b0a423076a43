//go:build factory

package matrix

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var isRoot = os.Geteuid() == 0

// full says that what is big has its real size.
func full() bool { return os.Getenv("SOTABOX_MATRIX") == "full" }

// sized is a size for the full run or for the plain one.
func sized(whole, plain int) int {
	if full() {
		return whole
	}
	return plain
}

// buildPuller builds the command puller for an architecture.
func buildPuller(t *testing.T, arch string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "puller")
	build := exec.Command("go", "build", "-tags", "factory,nethttpomithttp2", "-trimpath", "-buildvcs=false", "-o", path, "./puller")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOARCH="+arch, "GOARM=7")
	output, err := build.CombinedOutput()
	require.NoError(t, err, "%s", output)
	return path
}

// outcome is how a process ended.
type outcome struct {
	code int
	// class and text are of the error that puller printed.
	class, text string
	// peak is the most memory that it had resident, in bytes.
	peak int64
	took time.Duration
}

func (o outcome) String() string {
	return fmt.Sprintf("exit code %d after %s with %.1f MB: %s: %s", o.code, o.took.Round(time.Millisecond), megabytes(o.peak), o.class, o.text)
}

func megabytes(n int64) float64 { return float64(n) / 1e6 }

// run runs puller, which must end in time by itself.
func run(t *testing.T, limit time.Duration, command string, args ...string) outcome {
	t.Helper()
	cmd := exec.Command(command, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	start := time.Now()
	require.NoError(t, cmd.Start())
	timer := time.AfterFunc(limit, func() { cmd.Process.Kill() })
	defer timer.Stop()
	_ = cmd.Wait()
	took := time.Since(start)
	o := outcome{code: cmd.ProcessState.ExitCode(), took: took}
	o.class = accepted
	if o.code != 0 {
		o.class, o.text, _ = strings.Cut(strings.TrimSpace(out.String()), ": ")
	}
	require.Contains(t, []int{0, 1}, o.code, "%s: %s", cmd.ProcessState, lastLines(errs.String()))
	_, err := fmt.Sscanf(errs.String(), "VmHWM: %d kB", &o.peak)
	require.NoError(t, err, errs.String())
	o.peak *= 1024
	return o
}

// lastLines keeps the message of a panic readable.
func lastLines(s string) string { return s[max(0, len(s)-2000):] }
