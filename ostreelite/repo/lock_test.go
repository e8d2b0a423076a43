package repo

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// reopen opens the same repository once more, as another process would.
func reopen(t *testing.T, r *Repo, timeout string) *Repo {
	t.Helper()
	k := r.Config().Keyfile
	k.Set("core", "lock-timeout-secs", timeout)
	require.NoError(t, r.WriteConfig(k))
	other, err := Open(r.Path())
	require.NoError(t, err)
	t.Cleanup(func() { other.Close() })
	return other
}

func TestLock(t *testing.T) {
	ctx := context.Background()
	r := newRepo(t, BareUser)
	other := reopen(t, r, "0")
	shared, err := r.Lock(ctx, Shared)
	require.NoError(t, err)
	both, err := other.Lock(ctx, Shared)
	require.NoError(t, err)
	_, err = other.Lock(ctx, Exclusive)
	require.ErrorIs(t, err, ErrLocked)
	both()
	nested, err := r.Lock(ctx, Exclusive)
	require.NoError(t, err, "a lone holder may take more")
	_, err = other.Lock(ctx, Shared)
	require.ErrorIs(t, err, ErrLocked)
	nested()
	both, err = other.Lock(ctx, Shared)
	require.NoError(t, err, "the lock is shared again")
	both()
	shared()
	shared() // once is enough, twice does no harm
	exclusive, err := other.Lock(ctx, Exclusive)
	require.NoError(t, err)
	exclusive()
}

func TestLockWaitsAndCanBeCancelled(t *testing.T) {
	r := newRepo(t, BareUser)
	other := reopen(t, r, "-1")
	unlock, err := r.Lock(context.Background(), Exclusive)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	_, err = other.Lock(ctx, Shared)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	time.AfterFunc(20*time.Millisecond, unlock)
	unlock, err = other.Lock(context.Background(), Shared)
	require.NoError(t, err)
	unlock()
}

func TestPruneRefusesToRunDuringOwnTransaction(t *testing.T) {
	r := newRepo(t, BareUser)
	x := begin(t, r)
	_, err := r.Prune(context.Background())
	require.ErrorIs(t, err, ErrLocked)
	require.NoError(t, x.Abort())
	_, err = r.Prune(context.Background())
	require.NoError(t, err)
}

func TestOSTreeRespectsOurLock(t *testing.T) {
	r := newRepo(t, BareUser)
	reopen(t, r, "0")
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o644))
	unlock, err := r.Lock(context.Background(), Exclusive)
	require.NoError(t, err)
	_, err = ostreeErr("--repo="+r.Path(), "commit", "--branch=main", dir)
	require.ErrorContains(t, err, "Locking repo shared failed")
	unlock()
	ostree(t, "--repo="+r.Path(), "commit", "--branch=main", dir)
	x := begin(t, r)
	_, err = ostreeErr("--repo="+r.Path(), "prune")
	require.ErrorContains(t, err, "Locking repo exclusive failed")
	require.NoError(t, x.Abort())
}

func TestWeRespectOSTreesLock(t *testing.T) {
	r := newRepo(t, BareUser)
	other := reopen(t, r, "0")
	// While it reads from the pipe, ostree has a transaction open.
	pipe := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, unix.Mkfifo(pipe, 0o600))
	committer := exec.Command("ostree", "--repo="+r.Path(), "commit", "--branch=main", "--tree=tar="+pipe)
	require.NoError(t, committer.Start())
	in, err := os.OpenFile(pipe, os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = other.Lock(context.Background(), Exclusive)
	require.ErrorIs(t, err, ErrLocked)
	unlock, err := other.Lock(context.Background(), Shared)
	require.NoError(t, err)
	x := begin(t, r)
	require.NotEmpty(t, filesUnder(t, r, "tmp"))
	c, h := sample(BareUser, "data")
	require.NoError(t, x.WriteFile(c, h, 4, strings.NewReader("data")))
	require.NoError(t, x.Commit(), "their staging directory is left alone")
	unlock()
	// A dead owner does not block.
	require.NoError(t, committer.Process.Kill())
	_ = committer.Wait()
	require.NoError(t, in.Close())
	unlock, err = other.Lock(context.Background(), Exclusive)
	require.NoError(t, err)
	unlock()
}
