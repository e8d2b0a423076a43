//go:build factory

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// emulator runs programs for the smallest boards (Debian's qemu-user-static).
const emulator = "qemu-arm-static"

// armPeak pulls over loopback with the agent for ARM, emulated, and gives the
// most memory that the agent had, as far as samples show. What the emulator needs
// for itself is not counted.
func (b *bench) armPeak(agent string) (int64, error) {
	if err := b.ours.newRepo(b, b.archiveURL()); err != nil {
		return 0, err
	}
	args := b.ours.pull(b, b.archiveURL(), b.input.Updates[0])
	cmd := exec.CommandContext(b.ctx, emulator, append([]string{agent}, args[1:]...)...)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	smaps := filepath.Join("/proc", strconv.Itoa(cmd.Process.Pid), "smaps")
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	var peak int64
	for {
		select {
		case err := <-ended:
			if err != nil {
				err = fmt.Errorf("%v: %w\n%s", cmd.Args, err, output.Bytes())
			}
			return peak, err
		case <-tick.C:
			// Of a process that is just ending there is nothing to read.
			if data, err := os.ReadFile(smaps); err == nil {
				peak = max(peak, guestMemory(data))
			}
		}
	}
}

// guestMemory sums up what is resident below 4 GiB, where a 32-bit program is and
// its emulator is not, in bytes.
func guestMemory(smaps []byte) int64 {
	var sum int64
	guest := false
	lines := bufio.NewScanner(bytes.NewReader(smaps))
	for lines.Scan() {
		first, rest, _ := strings.Cut(lines.Text(), " ")
		if from, _, ok := strings.Cut(first, "-"); ok {
			start, err := strconv.ParseUint(from, 16, 64)
			guest = err == nil && start < 1<<32
			continue
		}
		if first == "Rss:" && guest {
			kilobytes, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			sum += kilobytes << 10
		}
	}
	return sum
}

// printARM adds what an ARM device needs to the table, if that can be found out.
func (b *bench) printARM(agent string) error {
	if _, err := exec.LookPath(emulator); err != nil {
		fmt.Println("32-bit ARM: not measured, there is no", emulator)
		return nil
	}
	peak, err := b.armPeak(agent)
	if err != nil {
		return fmt.Errorf("32-bit ARM: %w", err)
	}
	fmt.Printf("32-bit ARM, emulated, pull over loopback: peak RSS %s without the emulator (24 MB)\n", megabytes(peak))
	return nil
}
