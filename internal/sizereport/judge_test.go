package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestJudge(t *testing.T) {
	limit := Limit{Arch: "arm", Stripped: 100, XZ: 40}
	for about, tt := range map[string]struct {
		limit Limit
		facts Facts
		want  []string
	}{
		"at the limits": {limit, Facts{Arch: "arm", Stripped: 100, XZ: 40}, nil},
		"too large":     {limit, Facts{Arch: "arm", Stripped: 107, XZ: 40}, []string{"arm: stripped is 107 bytes, 7 over the limit of 100"}},
		"too large, compressed": {limit, Facts{Arch: "arm", Stripped: 1, XZ: 41},
			[]string{"arm: xz -9e is 41 bytes, 1 over the limit of 40"}},
		"no limit":   {Limit{Arch: "arm"}, Facts{Arch: "arm", Stripped: 1 << 40, XZ: 1 << 40}, nil},
		"not static": {limit, Facts{Arch: "arm", Dynamic: "it has a dynamic section"}, []string{"arm: not static: it has a dynamic section"}},
		"not pruned": {limit, Facts{Arch: "arm", Unpruned: []string{"main.main", "text/template.x"}},
			[]string{"arm: the linker keeps every exported method, because of main.main -> text/template.x"}},
		"all at once": {limit, Facts{Arch: "arm", Stripped: 101, XZ: 41, Dynamic: "d", Unpruned: []string{"u"}}, make([]string, 4)},
	} {
		t.Run(about, func(t *testing.T) {
			got := Judge(tt.limit, tt.facts)
			require.Len(t, got, len(tt.want))
			for i, want := range tt.want {
				require.Contains(t, got[i], want)
			}
		})
	}
}
