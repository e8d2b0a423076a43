package tuf

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// stamp makes a set whose four files tell that they belong together.
func stamp(n int) *set {
	file := func(name string) []byte { return fmt.Appendf(nil, "%s %d %s", name, n, strings.Repeat("x", 5000)) }
	return &set{root: file("root"), timestamp: file("timestamp"), snapshot: file("snapshot"), targets: file("targets")}
}

func saveStamp(t testing.TB, dir string, n int) {
	s, err := createStore(t.Context(), dir)
	require.NoError(t, err)
	defer s.close()
	require.NoError(t, s.save(stamp(n)))
}

// loadStamp loads a set, insists that it is whole and returns its number.
func loadStamp(t testing.TB, dir string) int {
	s, err := openStore(dir)
	require.NoError(t, err)
	defer s.close()
	got, err := s.load()
	require.NoError(t, err)
	var n int
	_, err = fmt.Sscanf(string(got.root), "root %d", &n)
	require.NoError(t, err)
	require.True(t, stamp(n).equal(got), "files of different generations")
	return n
}

func TestStoreKeepsOneGeneration(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	for n := range 5 {
		saveStamp(t, dir, n)
		require.Equal(t, n, loadStamp(t, dir))
	}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(dir, "current"), filepath.Join(dir, "gen-5")}, names)
}

// TestStoreLeftovers puts a store into the states that a kill between two system calls leaves.
func TestStoreLeftovers(t *testing.T) {
	for name, leave := range map[string]func(dir string) error{
		"empty generation": func(dir string) error { return os.Mkdir(filepath.Join(dir, "gen-2"), 0o755) },
		"half a generation": func(dir string) error {
			if err := os.Mkdir(filepath.Join(dir, "gen-2"), 0o755); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(dir, "gen-2", "root.json"), []byte("root 2"), 0o644)
		},
		"link not moved yet":         func(dir string) error { return os.Symlink("gen-2", filepath.Join(dir, "current.next")) },
		"old generation not removed": func(dir string) error { return os.Mkdir(filepath.Join(dir, "gen-0"), 0o755) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			saveStamp(t, dir, 1)
			require.NoError(t, leave(dir))
			require.Equal(t, 1, loadStamp(t, dir))
			saveStamp(t, dir, 2)
			require.Equal(t, 2, loadStamp(t, dir))
			names, err := os.ReadDir(dir)
			require.NoError(t, err)
			require.Len(t, names, 2)
		})
	}
}

func TestStoreFailsClearly(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(dir string) error
		text   string
	}{
		"newer format": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "gen-1", "format"), []byte("2\n"), 0o644)
		}, "it has format 2 and this program knows up to 1"},
		"no format": {func(dir string) error { return os.Remove(filepath.Join(dir, "gen-1", "format")) }, "format: no such file"},
		"odd format": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "gen-1", "format"), []byte("-1"), 0o644)
		}, "is no format version"},
		"lost file": {func(dir string) error { return os.Remove(filepath.Join(dir, "gen-1", "snapshot.json")) }, "snapshot.json: no such file"},
		"huge file": {func(dir string) error { return os.Truncate(filepath.Join(dir, "gen-1", "snapshot.json"), 1<<20) }, "larger than 65536"},
		"no link": {func(dir string) error {
			return os.Rename(filepath.Join(dir, "current"), filepath.Join(dir, "x"))
		}, ""},
		"link to elsewhere": {func(dir string) error {
			if err := os.Remove(filepath.Join(dir, "current")); err != nil {
				return err
			}
			return os.Symlink("../../etc", filepath.Join(dir, "current"))
		}, "which is no generation"},
		"file is a link": {func(dir string) error {
			name := filepath.Join(dir, "gen-1", "root.json")
			if err := os.Remove(name); err != nil {
				return err
			}
			return os.Symlink("/etc/passwd", name)
		}, "root.json"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			saveStamp(t, dir, 1)
			require.NoError(t, tt.change(dir))
			before := tree(t, dir)
			s, err := openStore(dir)
			require.NoError(t, err)
			defer s.close()
			_, err = s.load()
			if tt.text == "" {
				require.ErrorIs(t, err, ErrNoMetadata)
				return
			}
			require.ErrorIs(t, err, ErrStorage)
			require.ErrorContains(t, err, tt.text)
			_, err = testClient(t, newTestRepo(t), Config{Dir: dir}).Refresh(t.Context())
			require.ErrorIs(t, err, ErrStorage)
			require.Equal(t, before, tree(t, dir), "what is not understood is not touched")
		})
	}
}

func TestStoreCannotBeMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	for _, dir := range []string{file, filepath.Join(file, "tuf")} {
		_, err := testClient(t, newTestRepo(t), Config{Dir: dir}).Refresh(t.Context())
		require.ErrorIs(t, err, ErrStorage)
	}
}

// TestStoreReadersSeeWholeSets reads while another writes as fast as it can.
func TestStoreReadersSeeWholeSets(t *testing.T) {
	dir := t.TempDir()
	saveStamp(t, dir, 0)
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := 1; n < 100; n++ {
			saveStamp(t, dir, n)
		}
	})
	last := 0
	for last < 99 {
		n := loadStamp(t, dir)
		require.GreaterOrEqual(t, n, last)
		last = n
	}
	wg.Wait()
}

const writerEnv = "TUF_TEST_STORE_WRITER"

// TestStoreSurvivesKill kills a process that saves without end, at random moments, and looks at what it left.
func TestStoreSurvivesKill(t *testing.T) {
	if dir := os.Getenv(writerEnv); dir != "" {
		for n := loadStamp(t, dir) + 1; ; n++ {
			saveStamp(t, dir, n)
		}
	}
	dir := t.TempDir()
	saveStamp(t, dir, 0)
	last := 0
	for range 40 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestStoreSurvivesKill$")
		cmd.Env = append(os.Environ(), writerEnv+"="+dir)
		require.NoError(t, cmd.Start())
		require.Eventually(t, func() bool { return loadStamp(t, dir) > last }, time.Minute, time.Millisecond, "the writer does not write")
		time.Sleep(time.Duration(rand.IntN(20000)) * time.Microsecond)
		require.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait()
		n := loadStamp(t, dir)
		require.GreaterOrEqual(t, n, last, "the store went back")
		last = n
	}
	saveStamp(t, dir, last+1)
	names, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, names, 2, "a save removes what killed ones left")
}
