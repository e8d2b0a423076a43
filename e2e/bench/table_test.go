//go:build factory

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRatios(t *testing.T) {
	second := func(wall, cpu float64, rss int64) usage {
		return usage{Wall: time.Duration(wall * 1e9), CPU: time.Duration(cpu * 1e9), RSS: rss << 20}
	}
	r := result{row: row{name: "pull", aim: aims{wall: 0.5}}, pairs: []pair{
		{second(1, 1, 10), second(2, 4, 20)},
		{second(3, 2, 12), second(3, 4, 20)},  // the machine was busy
		{second(1, 3, 11), second(10, 4, 22)}, // and again
	}}
	require.Equal(t, ratios{Name: "pull", WallRatio: 0.5, CPURatio: 0.5, RSSRatio: 0.5, RSSBytes: 11 << 20}, r.ratios())

	var out strings.Builder
	printTable(&out, []result{r})
	require.Contains(t, out.String(), "(0.5)")
	path := filepath.Join(t.TempDir(), "bench.json")
	require.NoError(t, writeJSON(path, []result{r}))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.JSONEq(t, `[{"name":"pull","wall_ratio":0.5,"cpu_ratio":0.5,"rss_ratio":0.5,"rss_bytes":11534336}]`, string(data))
}

func TestMedian(t *testing.T) {
	require.Equal(t, 3, median([]int{5, 3, 1}))
	require.Equal(t, 2, median([]int{4, 1, 2, 3}))
}

// TestMain lets the test binary be the meter, as the program is.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == meterCommand {
		os.Exit(meterMain(os.Args[2:]))
	}
	os.Exit(m.Run())
}

func TestMeter(t *testing.T) {
	dir := t.TempDir()
	// What the parent has in memory is not the child's.
	ballast := make([]byte, 64<<20)
	for i := range ballast {
		ballast[i] = 1
	}
	u, err := meter(t.Context(), dir, "sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 0.05")
	require.NoError(t, err)
	require.GreaterOrEqual(t, u.Wall, 50*time.Millisecond)
	require.Positive(t, u.CPU)
	require.Less(t, u.CPU, u.Wall)
	require.Less(t, u.RSS, int64(32<<20))
	require.NotEmpty(t, ballast)
	_, err = meter(t.Context(), dir, "sh", "-c", "echo it broke; exit 3")
	require.ErrorContains(t, err, "it broke")
}

func TestGuestMemory(t *testing.T) {
	require.EqualValues(t, 5<<10, guestMemory([]byte(`00011000-00345000 r--p 00000000 fe:00 9986739   /agent
Size:               3280 kB
Rss:                   2 kB
02801000-03001000 rw-p 00000000 00:00 0
Rss:                   3 kB
555591843000-555591de3000 rw-p 00000000 00:00 0  [heap]
Rss:                5596 kB
`)))
}
