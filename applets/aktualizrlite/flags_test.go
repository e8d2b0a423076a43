package aktualizrlite

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/client"
)

func TestParse(t *testing.T) {
	for line, want := range map[string]options{
		"":                                    {},
		"check":                               {command: "check"},
		"update 99":                           {command: "update", want: client.Want{Version: 99, HasVersion: true}},
		"update board-lmp-99":                 {command: "update", want: client.Want{Name: "board-lmp-99"}},
		"update 99a":                          {command: "update", want: client.Want{Name: "99a"}},
		"pull --update-name 7":                {command: "pull", want: client.Want{Version: 7, HasVersion: true}},
		"--command pull 7":                    {command: "pull", want: client.Want{Version: 7, HasVersion: true}},
		"--update-name=7 pull":                {command: "pull", want: client.Want{Version: 7, HasVersion: true}},
		"-c a -c b --config=c --config d run": {command: "run", configs: []string{"a", "b", "c", "d"}},
		"-ca run":                             {command: "run", configs: []string{"a"}},
		"--json 1 list":                       {command: "list", json: true},
		"list --json=on":                      {command: "list", json: true},
		"list --json no":                      {command: "list"},
		"list --js yes":                       {command: "list", json: true},
		"daemon --interval 10":                {command: "daemon", interval: 10 * time.Second},
		"status --loglevel 0":                 {command: "status", logLevel: 1},
		"install --install-mode delay-app-install": {command: "install", delayApps: true},
		"check --src-dir /b --report-hw-info 1":    {command: "check", srcDir: "/b"},
		"-h":                                       {help: true},
		"--version":                                {version: true},
	} {
		t.Run(line, func(t *testing.T) {
			got, err := parse(strings.Fields(line))
			require.NoError(t, err)
			// The zero of the table stands for "not given".
			want.logLevel--
			require.Equal(t, want, got)
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for line, why := range map[string]string{
		"check --nonsense":            `unknown option "--nonsense"`,
		"check -x":                    `unknown option "-x"`,
		"check --config":              "--config needs a value",
		"check --json":                "--json needs a value",
		"check --json maybe":          "--json takes 0 or 1",
		"check --json 1 --json 1":     "given twice",
		"check --help=1":              "--help takes no value",
		"check --loglevel 6":          "from 0 to 5",
		"check --loglevel x":          "from 0 to 5",
		"check --co x":                "ambiguous",
		"update 1 2":                  `unexpected argument "2"`,
		"update 1 --update-name 2":    `unexpected argument "1"`,
		"daemon --interval -1":        "number of seconds",
		"daemon --interval 1s":        "number of seconds",
		"install --install-mode late": "delay-app-install",
	} {
		t.Run(line, func(t *testing.T) {
			_, err := parse(strings.Fields(line))
			require.ErrorIs(t, err, errUsage)
			require.ErrorContains(t, err, why)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}
