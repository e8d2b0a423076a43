package logging

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLines(t *testing.T) {
	var b strings.Builder
	log := New(&b, LevelInfo)
	log.Debug("not shown")
	log.Info("pulled", "objects", 3, "ref", "a b")
	log.With("target", "x-2").WithGroup("g").Warn("two\nlines \x1b[31m", "k", "v\n")
	log.Error("grouped", slog.Group("a", "b", 1), "empty", "")
	require.Equal(t, "info: pulled objects=3 ref=\"a b\"\n"+
		"warning: two lines  [31m target=x-2 g.k=\"v\\n\"\n"+
		"error: grouped a.b=1 empty=\"\"\n", b.String())
}

func TestLevels(t *testing.T) {
	for n, want := range []string{"trace", "debug", "info", "warning", "error", "fatal"} {
		l, err := Level(n)
		require.NoError(t, err)
		require.Equal(t, want, name(l))
	}
	for _, n := range []int{-1, 6} {
		_, err := Level(n)
		require.Error(t, err)
	}
}
