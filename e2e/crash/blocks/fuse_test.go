//go:build factory

package blocks

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A file that was synced is there whatever a cut loses afterwards, one that was
// not comes and goes.
func TestRecord(t *testing.T) {
	served, mounted := t.TempDir(), t.TempDir()
	image := emptyDisk(t)
	before := bytes.Clone(image)
	r := NewRecorder(image)
	if os.Geteuid() != 0 {
		require.Error(t, r.Serve(served), "an ordinary user may not mount")
		return
	}
	require.NoError(t, r.Serve(served))
	defer func() { require.NoError(t, Unmount(served)) }()
	require.NoError(t, Mount(Path(served, 0), mounted, false, ""))
	flushed(t, mounted)
	begin := r.Len()

	require.NoError(t, os.WriteFile(filepath.Join(mounted, "first"), bytes.Repeat([]byte("1"), 10000), 0o600))
	flushed(t, mounted)
	synced := r.Len()
	require.NoError(t, os.WriteFile(filepath.Join(mounted, "second"), bytes.Repeat([]byte("2"), 10000), 0o600))
	require.NoError(t, Unmount(mounted))
	require.Greater(t, synced, begin)

	replay := NewReplay([][]byte{before}, r.Events(), 4096)
	replay.Skip(begin)
	found := map[string]int{}
	require.NoError(t, replay.Each(Subsets(3, 1), func(c Cut) error {
		file := filepath.Join(t.TempDir(), "image")
		f, err := os.Create(file)
		require.NoError(t, err)
		require.NoError(t, f.Truncate(int64(len(before))))
		require.NoError(t, replay.Image(c, 0, func(at int64, data []byte) error {
			_, err := f.WriteAt(data, at)
			return err
		}))
		require.NoError(t, f.Close())
		require.NoError(t, Mount(file, mounted, false, ""))
		state := content(t, mounted, "first") + content(t, mounted, "second")
		require.NoError(t, Unmount(mounted))
		found[state]++
		if begin+c.At > synced {
			require.Equal(t, byte('1'), state[0], "%+v", c)
		}
		return nil
	}))
	require.Greater(t, found["--"], 0)
	require.Greater(t, found["1-"], 0)
	require.Greater(t, found["12"], 0)
	t.Log(found)
}

// content is the one byte that fills a file, "0" for a file of another size, or
// "-" for none.
func content(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	switch {
	case os.IsNotExist(err):
		return "-"
	case len(data) != 10000:
		require.NoError(t, err)
		return "0"
	}
	require.Equal(t, bytes.Repeat(data[:1], 10000), data)
	return string(data[:1])
}

func emptyDisk(t *testing.T) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "disk")
	require.NoError(t, os.WriteFile(file, make([]byte, 8<<20), 0o600))
	output, err := exec.Command("mkfs.ext4", "-q", "-F", "-b", "4096", "-E", "lazy_itable_init=0,lazy_journal_init=0", file).CombinedOutput()
	require.NoError(t, err, "%s", output)
	image, err := os.ReadFile(file)
	require.NoError(t, err)
	return image
}

func flushed(t *testing.T, dir string) {
	t.Helper()
	output, err := exec.Command("sync", "-f", dir).CombinedOutput()
	require.NoError(t, err, "%s", output)
}
