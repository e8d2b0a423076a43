package events

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const killEnv = "EVENTS_KILL_DIR"

// TestMain turns the test binary into the victim of TestKill: it adds events
// without end, sends them, and says what it did once it is done.
func TestMain(m *testing.M) {
	if path := os.Getenv(killEnv); path != "" {
		victim(path)
	}
	os.Exit(m.Run())
}

func victim(path string) {
	first, err := strconv.Atoi(os.Getenv(killEnv + "_FIRST"))
	if err != nil {
		panic(err)
	}
	q, err := Open(path, nil)
	if err != nil {
		panic(err)
	}
	for v := first; ; v++ {
		if err := q.Add(maker().InstallationStarted(Subject{Version: strconv.Itoa(v)})); err != nil {
			panic(err)
		}
		os.Stdout.WriteString("added " + strconv.Itoa(v) + "\n")
		if v%5 == 0 {
			if err := q.Flush(context.Background(), printer{}, ""); err != nil {
				panic(err)
			}
		}
	}
}

// printer is a gateway that keeps what it took even when the device dies.
type printer struct{}

func (printer) PostJSON(_ context.Context, _ string, v any, _ http.Header) error {
	s := new(server)
	if err := s.PostJSON(context.Background(), "https://gw/events", v, nil); err != nil {
		return err
	}
	for _, version := range s.took {
		os.Stdout.WriteString("took " + version + "\n")
	}
	return nil
}

// TestKill kills a device again and again: every event whose addition was
// reported arrives, in order, and only the last request of a life may come twice.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	added, next := 0, 1
	took := func(v int) {
		require.LessOrEqual(t, v, next, "none is skipped")
		next = max(next, v+1)
	}
	for life := range 12 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), killEnv+"="+dir, fmt.Sprintf("%s_FIRST=%d", killEnv, added+1))
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		time.AfterFunc(time.Duration(15+7*life)*time.Millisecond, func() { cmd.Process.Kill() })
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var what string
			var v int
			_, err := fmt.Sscan(lines.Text(), &what, &v)
			require.NoError(t, err)
			if what == "took" {
				took(v)
			} else {
				added = v
			}
		}
		require.EqualError(t, cmd.Wait(), "signal: killed")

		// The one being added when the kill came may be there or not.
		q, err := Open(dir, nil)
		require.NoError(t, err)
		s := new(server)
		require.NoError(t, flush(q, s))
		require.NoError(t, q.Close())
		for _, version := range s.took {
			v, err := strconv.Atoi(version)
			require.NoError(t, err)
			took(v)
			added = max(added, v)
		}
		require.Equal(t, added+1, next, "all that was added has arrived")
	}
	require.Positive(t, added)
}
