package progress

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/client"
	"github.com/sotabox/sotabox/internal/logging"
)

func TestLine(t *testing.T) {
	require.Equal(t, "pulled 3 of 10 objects, 1.5 MB, 750.0 kB/s",
		Line(client.Progress{Objects: 3, TotalObjects: 10, Bytes: 1_500_000, Elapsed: 2 * time.Second}))
	require.Equal(t, "pulled 0 of 0 objects, 999 B, 0 B/s", Line(client.Progress{Bytes: 999}))
}

func TestLogsEveryFewSecondsOffATerminal(t *testing.T) {
	var out, log strings.Builder
	m := New(&out, logging.New(&log, logging.LevelInfo))
	for s := range 12 {
		m.Show(client.Progress{Elapsed: time.Duration(s) * time.Second})
	}
	require.Equal(t, 2, strings.Count(log.String(), "\n"))
	m.Show(client.Progress{Elapsed: 6 * time.Second})
	require.Equal(t, 3, strings.Count(log.String(), "\n"), "the next pull starts to count anew")
	m.Done()
	require.Empty(t, out.String())
}

func TestDrawsOverTheLineOnATerminal(t *testing.T) {
	var out strings.Builder
	m := &Meter{w: &out, terminal: true}
	m.Show(client.Progress{Objects: 100, TotalObjects: 1000})
	m.Show(client.Progress{})
	m.Done()
	lines := strings.Split(out.String(), "\r")
	require.Len(t, lines, 3)
	require.GreaterOrEqual(t, len(lines[2]), len(lines[1]), "the shorter line covers the longer one")
	require.True(t, strings.HasSuffix(out.String(), "\n"))
}
