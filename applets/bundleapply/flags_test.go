package bundleapply

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/client"
)

func TestParse(t *testing.T) {
	for line, want := range map[string]options{
		"b.tar":                         {bundle: "b.tar"},
		"-":                             {bundle: "-"},
		"--check -":                     {bundle: "-", check: true},
		"--config a -c b --reboot x":    {bundle: "x", configs: []string{"a", "b"}, reboot: true},
		"--sysroot=/mnt --target=7 x":   {bundle: "x", sysroot: "/mnt", want: client.Want{Version: 7, HasVersion: true}},
		"--target board-lmp-7 x":        {bundle: "x", want: client.Want{Name: "board-lmp-7"}},
		"-t 7a x":                       {bundle: "x", want: client.Want{Name: "7a"}},
		"--force x":                     {bundle: "x", force: true, want: client.Want{Downgrade: client.DowngradeAllowed}},
		"--help":                        {help: true},
		"-h":                            {help: true},
		"x --check":                     {bundle: "x", check: true},
		"x -t 3 --target 4":             {bundle: "x", want: client.Want{Version: 4, HasVersion: true}},
		"--force --check --reboot -- x": {bundle: "x", force: true, check: true, reboot: true, want: client.Want{Downgrade: client.DowngradeAllowed}},
	} {
		t.Run(line, func(t *testing.T) {
			if !want.force && !want.help {
				want.want.Downgrade = client.DowngradeRefused
			}
			got, err := parse(strings.Fields(line))
			require.NoError(t, err)
			require.Equal(t, want, got)
		})
	}
	for _, line := range []string{"", "a b", "--check", "--target", "--no-such x", "--force=1 x", "--target= x", "x --config", "x --config="} {
		t.Run("bad "+line, func(t *testing.T) {
			_, err := parse(strings.Fields(line))
			require.Error(t, err)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}
