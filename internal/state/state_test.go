package state

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func target(n int) Target {
	return Target{Name: fmt.Sprintf("board-lmp-%d", n), Version: n, Commit: fmt.Sprintf("%064d", n)}
}

func TestUpdateThatWorks(t *testing.T) {
	s := State{}.Installed(target(1))
	s = s.Begin(Pending{Target: target(2), CorrelationID: "2-id"})
	require.Equal(t, Deploying, s.Pending.Phase)
	require.Equal(t, target(1), *s.Current, "the old target stays current until the new one runs")
	before := s
	s = s.Deployed()
	require.Equal(t, Waiting, s.Pending.Phase)
	require.Equal(t, Deploying, before.Pending.Phase, "a transition leaves its input alone")
	s = s.Installed(s.Pending.Target)
	require.Nil(t, s.Pending)
	require.Equal(t, target(2), *s.Current)
	back, ok := s.RollbackTarget("board-lmp-2")
	require.True(t, ok)
	require.Equal(t, target(1), back)
}

func TestUpdateThatFails(t *testing.T) {
	s := State{}.Installed(target(1)).Begin(Pending{Target: target(2)})
	s = s.FailedTarget(target(2), "did not boot")
	require.Nil(t, s.Pending)
	require.True(t, s.Failing("board-lmp-2"))
	require.False(t, s.WasInstalled(target(2)))
	_, ok := s.RollbackTarget("board-lmp-1")
	require.False(t, ok, "a failing target is none to roll back to")
	s = s.Installed(target(2))
	require.False(t, s.Failing("board-lmp-2"), "a success forgives")
}

func TestFailureOfAnotherTargetLeavesThePendingOne(t *testing.T) {
	s := State{}.Installed(target(1)).Begin(Pending{Target: target(3)}).FailedTarget(target(2), "")
	require.Equal(t, target(3), s.Pending.Target)
}

func TestWasInstalledMeansTheSameCommit(t *testing.T) {
	s := State{}.Installed(target(1))
	other := target(1)
	other.Commit = target(9).Commit
	require.True(t, s.WasInstalled(target(1)))
	require.False(t, s.WasInstalled(other))
	got, ok := s.ByCommit(target(1).Commit)
	require.True(t, ok)
	require.Equal(t, target(1), got)
	_, ok = s.ByCommit(other.Commit)
	require.False(t, ok)
}

func TestHistoryIsBoundedAndKeepsTheWayBack(t *testing.T) {
	s := State{}.Installed(target(1)).Installed(target(2))
	for n := 3; n < 200; n++ {
		s = s.FailedTarget(target(n), "bad")
	}
	require.Len(t, s.History, maxHistory)
	require.True(t, s.WasInstalled(target(2)))
	back, ok := s.RollbackTarget(s.Current.Name)
	require.True(t, ok)
	require.Equal(t, target(1), back)
	require.True(t, s.Failing("board-lmp-199"))
}

func TestStore(t *testing.T) {
	dir, err := os.Open(t.TempDir())
	require.NoError(t, err)
	defer dir.Close()
	got, err := Load(dir)
	require.NoError(t, err)
	require.Equal(t, State{}, got)

	want := State{}.Installed(target(1)).Begin(Pending{Target: target(2), CorrelationID: "2-id", BootID: "b", Since: time.Unix(5, 0).UTC()}).FailedTarget(target(7), "x")
	require.NoError(t, Save(dir, want))
	got, err = Load(dir)
	require.NoError(t, err)
	want.FormatVersion = FormatVersion
	require.Equal(t, want, got)

	for content, class := range map[string]error{
		`{"format_version":99}`: ErrNewer, `{`: ErrCorrupt, `{}`: ErrCorrupt, ``: ErrCorrupt,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir.Name(), fileName), []byte(content), 0o644))
		_, err = Load(dir)
		require.ErrorIs(t, err, class, content)
	}
}
