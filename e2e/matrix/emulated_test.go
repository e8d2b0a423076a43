//go:build factory

package matrix

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// guestBase is where the emulator is told to put address 0 of the program it runs:
// the memory of a 32-bit program is the 4 GiB from there, the emulator's own is not.
const guestBase = 1 << 32

// TestMemoryARM measures on the processor that has the least: the heaviest load, and
// in the full run all of them.
func TestMemoryARM(t *testing.T) {
	puller := buildPuller(t, "arm")
	for _, l := range loads() {
		if l.name != crowded && !full() {
			continue
		}
		e := newEvil(t)
		c := l.make(e)
		for name, source := range map[string]string{"http": serve(t, e.path, nil), "local": e.path} {
			t.Run(l.name+" "+name, func(t *testing.T) {
				r := ourRepo(t, destination())
				var out bytes.Buffer
				cmd := exec.Command("qemu-arm-static", "-B", fmt.Sprintf("%#x", guestBase), puller, r.Path(), c.String(), source)
				cmd.Stdout, cmd.Stderr = &out, &out
				require.NoError(t, cmd.Start())
				peak, samples := watchGuest(cmd)
				require.Zero(t, cmd.ProcessState.ExitCode(), out.String())
				t.Logf("%.1f MB in %d samples", megabytes(peak), samples)
				require.Greater(t, samples, 5)
				require.Greater(t, peak, int64(3_000_000), "it was looked at in the right place")
				require.LessOrEqual(t, peak, memoryLimit)
				require.NoError(t, os.RemoveAll(r.Path()))
			})
		}
	}
}

// watchGuest looks at the memory of an emulated program until it ends.
func watchGuest(cmd *exec.Cmd) (peak int64, samples int) {
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return peak, samples
		case <-tick.C:
			peak = max(peak, guestResident(cmd.Process.Pid))
			samples++
		}
	}
}

// guestResident sums what is resident of the guest's mappings (proc(5), smaps), in bytes.
func guestResident(pid int) int64 {
	smaps, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps", pid))
	if err != nil {
		return 0 // it is gone
	}
	var sum int64
	inside := false
	for line := range strings.Lines(string(smaps)) {
		var from, to, kilobytes int64
		if n, _ := fmt.Sscanf(line, "%x-%x ", &from, &to); n == 2 {
			inside = from >= guestBase && from < 2*guestBase
		} else if n, _ := fmt.Sscanf(line, "Rss: %d kB", &kilobytes); n == 1 && inside {
			sum += kilobytes * 1024
		}
	}
	return sum
}
