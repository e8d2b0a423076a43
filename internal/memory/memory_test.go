package memory

import (
	"math"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLimit(t *testing.T) {
	before := debug.SetMemoryLimit(math.MaxInt64)
	defer debug.SetMemoryLimit(before)
	Limit()
	require.EqualValues(t, target, debug.SetMemoryLimit(-1))

	debug.SetMemoryLimit(100 << 20)
	Limit()
	require.EqualValues(t, 100<<20, debug.SetMemoryLimit(-1), "the user's own limit stays")
}
