//go:build factory

package harness

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sotabox/sotabox/factory/gateway"
)

// faultCommand is: fault PATTERN KIND [count=N] [skip=N], where KIND is a status
// code, a delay such as 2s, or one of truncate, corrupt, swap, hang, cut (see gateway.Fault).
func faultCommand(ts *testscript.TestScript, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: fault PATTERN KIND [count=N] [skip=N]")
	}
	fault := gateway.Fault{Path: args[0]}
	switch kind := args[1]; kind {
	case "truncate":
		fault.Truncate = true
	case "corrupt":
		fault.Corrupt = true
	case "swap":
		fault.Swap = true
	case "hang":
		fault.Hang = true
	case "cut":
		fault.Cut = true
	default:
		if status, err := strconv.Atoi(kind); err == nil {
			fault.Status = status
			break
		}
		delay, err := time.ParseDuration(kind)
		ts.Check(err)
		fault.Delay = delay
	}
	for _, option := range args[2:] {
		name, value, _ := strings.Cut(option, "=")
		switch name {
		case "count":
			fault.Count = number(ts, value)
		case "skip":
			fault.Skip = number(ts, value)
		default:
			ts.Fatalf("unknown option %s", option)
		}
	}
	ts.Check(worldOf(ts).running(ts).Inject(fault))
}

func forgetCommand(ts *testscript.TestScript, _ []string) {
	w := worldOf(ts)
	w.forgotten = len(w.running(ts).Requests())
}

func requestsCommand(ts *testscript.TestScript, args []string) {
	w := worldOf(ts)
	if got, want := w.count(ts, args[1]), number(ts, args[0]); got != want {
		for _, r := range w.recent(ts) {
			ts.Logf("%s %s %d", r.Method, r.Path, r.Status)
		}
		ts.Fatalf("%d requests for %s, want %d", got, args[1], want)
	}
}

func awaitCommand(ts *testscript.TestScript, args []string) {
	w, want := worldOf(ts), number(ts, args[0])
	for begun := time.Now(); w.count(ts, args[1]) < want; time.Sleep(5 * time.Millisecond) {
		if time.Since(begun) > patience {
			ts.Fatalf("%d requests for %s after %v, want %d", w.count(ts, args[1]), args[1], patience, want)
		}
	}
}

// recent are the requests since the last forget.
func (w *world) recent(ts *testscript.TestScript) []gateway.Request {
	return w.running(ts).Requests()[w.forgotten:]
}

func (w *world) count(ts *testscript.TestScript, pattern string) int {
	n := 0
	for _, r := range w.recent(ts) {
		matched, err := path.Match(pattern, r.Path)
		ts.Check(err)
		if matched {
			n++
		}
	}
	return n
}

// eventsCommand demands exactly these events, each as ID, or ID=true or
// ID=false for those with an outcome.
func eventsCommand(ts *testscript.TestScript, want []string) {
	w := worldOf(ts)
	var got []string
	for _, e := range w.running(ts).Events()[w.seenEvents:] {
		w.seenEvents++
		line := e.EventType.ID
		if e.Event.Success != nil {
			line += fmt.Sprintf("=%v", *e.Event.Success)
		}
		got = append(got, line)
	}
	if !slices.Equal(got, want) {
		ts.Fatalf("events are\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}
