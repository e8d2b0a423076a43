package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseBudget(t *testing.T) {
	limits, err := ParseBudget(strings.NewReader(`
# a comment
arm    8400000  2500000  # and one at the end
amd64	8700000	-
`))
	require.NoError(t, err)
	require.Equal(t, []Limit{{"arm", 8400000, 2500000}, {"amd64", 8700000, 0}}, limits)
}

func TestParseBudgetRefuses(t *testing.T) {
	for about, tt := range map[string]struct{ text, want string }{
		"nothing":         {"# only a comment\n", "limits nothing"},
		"too few fields":  {"\narm 8400000\n", "line 2"},
		"too many fields": {"arm 1 2 3\n", "4 fields"},
		"no number":       {"arm 8.4M 1\n", `"8.4M"`},
		"negative":        {"arm -1 1\n", `"-1"`},
		"zero":            {"arm 0 1\n", `"0"`},
		"twice":           {"arm 1 1\narm 2 2\n", "line 2"},
	} {
		t.Run(about, func(t *testing.T) {
			_, err := ParseBudget(strings.NewReader(tt.text))
			require.ErrorIs(t, err, errBudget)
			require.ErrorContains(t, err, tt.want)
		})
	}
}

// The limits that the project has promised: the budget may only be tightened.
func TestBudgetIsKept(t *testing.T) {
	file, err := os.Open("../../size-budget.txt")
	require.NoError(t, err)
	defer file.Close()
	limits, err := ParseBudget(file)
	require.NoError(t, err)

	promised := map[string]Limit{
		"arm":   {Stripped: 8_400_000, XZ: 2_500_000},
		"arm64": {Stripped: 8_000_000, XZ: 2_500_000},
		"amd64": {Stripped: 8_700_000},
	}
	require.Len(t, limits, len(promised))
	for _, l := range limits {
		p, ok := promised[l.Arch]
		require.True(t, ok, l.Arch)
		require.LessOrEqual(t, l.Stripped, p.Stripped, l.Arch)
		require.Positive(t, l.Stripped, l.Arch)
		if p.XZ > 0 {
			require.LessOrEqual(t, l.XZ, p.XZ, l.Arch)
			require.Positive(t, l.XZ, l.Arch)
		}
	}
}
