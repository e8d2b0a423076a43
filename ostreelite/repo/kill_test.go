package repo

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
)

const killObjects = 400

func killSample(i int) (object.Checksum, *object.FileHeader, string) {
	data := strings.Repeat(fmt.Sprintf("object %d\n", i), 500)
	c, h := sample(BareUser, data)
	return c, h, data
}

// TestMain lets the test binary be the process that is killed.
func TestMain(m *testing.M) {
	if path := os.Getenv("REPO_TEST_WRITER"); path != "" {
		if err := writeSamples(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// writeSamples writes what is missing of the sample objects, with checkpoints,
// and says on standard output how many were there.
func writeSamples(path string) error {
	r, err := Open(path)
	if err != nil {
		return err
	}
	x, err := r.Begin(context.Background())
	if err != nil {
		return err
	}
	there := 0
	for i := range killObjects {
		c, h, data := killSample(i)
		ok, err := x.Has(fileName(c))
		if err != nil {
			return err
		}
		if ok {
			there++
			continue
		}
		if err := x.WriteFile(c, h, int64(len(data)), strings.NewReader(data)); err != nil {
			return err
		}
		if i%100 == 99 {
			if err := x.Checkpoint(); err != nil {
				return err
			}
		}
	}
	fmt.Println(there)
	return x.Commit()
}

func writer(r *Repo) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "REPO_TEST_WRITER="+r.Path())
	return cmd
}

// requireWhole checks that every object under its final name is good.
func requireWhole(t *testing.T, r *Repo) int {
	t.Helper()
	n := 0
	require.NoError(t, r.eachLoose(func(l loose) error {
		n++
		return r.Verify(l.name)
	}))
	return n
}

func TestKilledTransactionIsResumed(t *testing.T) {
	r := newRepo(t, BareUser)
	k := r.Config().Keyfile
	k.Set("core", "fsync", "false") // of no matter while the kernel lives
	require.NoError(t, r.WriteConfig(k))
	for delay := 5 * time.Millisecond; ; delay += 7 * time.Millisecond {
		require.Less(t, delay, 5*time.Second, "the writer never finishes")
		cmd := writer(r)
		require.NoError(t, cmd.Start())
		timer := time.AfterFunc(delay, func() { _ = cmd.Process.Kill() })
		err := cmd.Wait()
		timer.Stop()
		requireWhole(t, r)
		if err == nil {
			break
		}
		// Nothing stays locked.
		unlock, err := r.Lock(context.Background(), Exclusive)
		require.NoError(t, err)
		unlock()
	}
	require.Equal(t, killObjects, requireWhole(t, r))
	require.Empty(t, filesUnder(t, r, "tmp"))
}

func TestStagedObjectsAreReusedAfterKill(t *testing.T) {
	r := newRepo(t, BareUser)
	// A process that died between writing and Commit leaves just this.
	s, err := r.openStaging()
	require.NoError(t, err)
	x := &Txn{r: r, stage: s, block: 4096}
	x.free.Store(1 << 30)
	for i := range 10 {
		c, h, data := killSample(i)
		require.NoError(t, x.WriteFile(c, h, int64(len(data)), strings.NewReader(data)))
	}
	s.close()
	out, err := writer(r).Output()
	require.NoError(t, err)
	require.Equal(t, "10\n", string(out))
	require.Equal(t, killObjects, requireWhole(t, r))
}
