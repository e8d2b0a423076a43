package tuf

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// What the agent may cost on amd64. Tests fail at twice that: machines differ and are busy.
const (
	idleCPU     = 5 * time.Millisecond // of a refresh with nothing new
	largeTime   = 150 * time.Millisecond
	largeMemory = 40 << 20
	headroom    = 2
)

// largeRepo has as many targets as a factory collects in years, about 1 kB each.
func largeRepo(t testing.TB) *testRepo {
	r := newTestRepo(t)
	for i := range 5000 {
		target := testTarget(i + 1)
		custom := target["custom"].(map[string]any)
		custom["lmp-manifest-sha"] = strings.Repeat("a", 40)
		custom["meta-subscriber-overrides-sha"] = strings.Repeat("b", 40)
		custom["containers-sha"] = strings.Repeat("c", 40)
		custom["createdAt"], custom["updatedAt"] = "2029-01-01T00:00:00Z", "2029-01-02T00:00:00Z"
		apps := map[string]any{}
		for app := range 2 {
			apps[fmt.Sprint("app-", app)] = map[string]any{"uri": fmt.Sprintf("hub.example/factory/app-%d@sha256:%064d", app, i)}
		}
		custom["docker_compose_apps"] = apps
		r.targets[fmt.Sprintf("intel-corei7-64-lmp-%d", i+1)] = target
	}
	r.republish()
	return r
}

// cpu is what this process used so far.
func cpu(t testing.TB) time.Duration {
	var u unix.Rusage
	require.NoError(t, unix.Getrusage(unix.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// best is the least of several measurements: what is more is the machine's.
func best(t testing.TB, measure func() time.Duration) time.Duration {
	least := time.Hour
	for range 10 {
		least = min(least, measure())
	}
	return least
}

func TestIdleRefreshCost(t *testing.T) {
	r := newTestRepo(t)
	for range 20 {
		r.release()
	}
	c := testClient(t, r, Config{})
	_, err := c.Refresh(t.Context())
	require.NoError(t, err)
	r.requests = nil
	spent := best(t, func() time.Duration {
		from := cpu(t)
		_, err := c.Refresh(t.Context())
		require.NoError(t, err)
		return cpu(t) - from
	})
	require.Len(t, r.requests, 2*10, "two requests each")
	t.Logf("a refresh with nothing new takes %v of CPU", spent)
	require.Less(t, spent, headroom*idleCPU)
}

func TestLargeMetadataCost(t *testing.T) {
	r := largeRepo(t)
	dir := filepath.Join(t.TempDir(), "tuf")
	c := testClient(t, r, Config{Dir: dir})
	_, err := c.Refresh(t.Context())
	require.NoError(t, err)
	spent := best(t, func() time.Duration {
		from := time.Now()
		trusted, err := c.Stored(t.Context())
		require.NoError(t, err)
		require.Len(t, trusted.Targets, 5001)
		return time.Since(from)
	})
	small := filepath.Join(t.TempDir(), "tuf")
	_, err = testClient(t, newTestRepo(t), Config{Dir: small}).Refresh(t.Context())
	require.NoError(t, err)
	with, without := peakMemory(t, dir), peakMemory(t, small)
	t.Logf("%d bytes of targets are verified in %v; the process takes %d kB more for it, %d kB in all",
		len(r.files["targets.json"]), spent, (with-without)>>10, with>>10)
	require.Less(t, spent, headroom*largeTime)
	require.Less(t, with-without, headroom*int64(largeMemory))
}

const peakEnv = "TUF_TEST_PEAK_OF"

// TestPeakMemory is what peakMemory runs: it verifies a store and says what it took. By itself it verifies a small one.
func TestPeakMemory(t *testing.T) {
	dir, alone := os.Getenv(peakEnv), false
	if dir == "" {
		dir, alone = filepath.Join(t.TempDir(), "tuf"), true
		_, err := testClient(t, newTestRepo(t), Config{Dir: dir}).Refresh(t.Context())
		require.NoError(t, err)
	}
	trusted, err := testClient(t, nil, Config{Dir: dir}).Stored(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, trusted.Targets)
	if alone {
		return
	}
	// Not getrusage: there the peak of the parent is passed on.
	status, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	_, peak, found := strings.Cut(string(status), "VmHWM:")
	require.True(t, found)
	peak, _, found = strings.Cut(peak, " kB")
	require.True(t, found)
	require.NoError(t, os.WriteFile(dir+".peak", []byte(strings.TrimSpace(peak)), 0o600))
}

// peakMemory is the most memory that a process takes that verifies what is stored in a directory, in bytes.
func peakMemory(t *testing.T, dir string) int64 {
	cmd := exec.Command(os.Args[0], "-test.run=^TestPeakMemory$")
	cmd.Env = append(os.Environ(), peakEnv+"="+dir)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	data, err := os.ReadFile(dir + ".peak")
	require.NoError(t, err)
	peak, err := strconv.ParseInt(string(data), 10, 64)
	require.NoError(t, err)
	return peak << 10
}
