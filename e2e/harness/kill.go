//go:build factory

package harness

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// moment is when to kill: after a time, or after a number of answered requests.
type moment struct {
	after    time.Duration
	requests int
}

func parseMoment(ts *testscript.TestScript, s string) moment {
	if count, ok := strings.CutSuffix(s, "req"); ok {
		return moment{requests: number(ts, count)}
	}
	after, err := time.ParseDuration(s)
	ts.Check(err)
	return moment{after: after}
}

func (m moment) times(n int) moment {
	return moment{after: m.after * time.Duration(n), requests: m.requests * n}
}

// reach waits for the moment and reports whether the process still ran then.
func (m moment) reach(ts *testscript.TestScript, p *process) bool {
	begun, asked := time.Now(), m.asked(ts)
	for m.after > time.Since(begun) || m.requests > m.asked(ts)-asked {
		select {
		case err := <-p.done:
			p.done <- err
			return false
		case <-time.After(500 * time.Microsecond):
		}
		if time.Since(begun) > patience {
			ts.Fatalf("%s: the moment to kill it never came", p.cmd)
		}
	}
	return true
}

func (m moment) asked(ts *testscript.TestScript) int {
	if m.requests == 0 {
		return 0
	}
	return len(worldOf(ts).running(ts).Requests())
}

func killAfterCommand(ts *testscript.TestScript, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: kill-after WHEN COMMAND ...")
	}
	p := start(ts, args[1:])
	if !parseMoment(ts, args[0]).reach(ts, p) || !p.kill() {
		ts.Logf("[stderr]\n%s", p.stderr.String())
		ts.Fatalf("%s ended with exit code %d before it could be killed", p.cmd, p.cmd.ProcessState.ExitCode())
	}
}

// persistCommand kills a command at step, then at twice the step, and so on,
// until it ends by itself. It must have been killed at least once.
func persistCommand(ts *testscript.TestScript, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: persist STEP CODE[,CODE] COMMAND ...")
	}
	step, want := parseMoment(ts, args[0]), strings.Split(args[1], ",")
	for kills := 0; ; kills++ {
		p := start(ts, args[2:])
		if step.times(kills+1).reach(ts, p) && p.kill() {
			continue
		}
		ts.Logf("killed %d times", kills)
		ts.Stdout().Write(p.stdout.Bytes())
		ts.Stderr().Write(p.stderr.Bytes())
		if got := strconv.Itoa(p.cmd.ProcessState.ExitCode()); !slices.Contains(want, got) || kills == 0 {
			ts.Logf("[stderr]\n%s", p.stderr.String())
			ts.Fatalf("%s: exit code %s after %d kills, want %s after at least one", p.cmd, got, kills, args[1])
		}
		return
	}
}
