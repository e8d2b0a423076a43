package atomicfile_test

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/internal/atomicfile"
)

const killEnv = "ATOMICFILE_KILL_DIR"

// TestMain turns the test binary into the victim of TestKilledWriter.
func TestMain(m *testing.M) {
	if path := os.Getenv(killEnv); path != "" {
		dir, err := os.Open(path)
		if err != nil {
			os.Exit(1)
		}
		for i := byte(0); ; i++ {
			if atomicfile.Write(dir, "state", bytes.Repeat([]byte{i}, 64<<10), 0o600) != nil {
				os.Exit(1)
			}
		}
	}
	os.Exit(m.Run())
}

func TestKilledWriter(t *testing.T) {
	dir := openDir(t)
	require.NoError(t, atomicfile.Write(dir, "state", bytes.Repeat([]byte{0}, 64<<10), 0o600))
	for i := range 15 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), killEnv+"="+dir.Name())
		require.NoError(t, cmd.Start())
		time.Sleep(time.Duration(5+3*i) * time.Millisecond)
		require.NoError(t, cmd.Process.Kill())
		require.EqualError(t, cmd.Wait(), "signal: killed")
		got, err := atomicfile.Read(dir, "state", 64<<10)
		require.NoError(t, err)
		require.Equal(t, bytes.Repeat(got[:1], 64<<10), got, "whole old or whole new content")
	}
	require.NoError(t, atomicfile.Sweep(dir))
	requireNames(t, dir, "state")
}
