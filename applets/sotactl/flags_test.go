package sotactl

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/client"
)

func TestParse(t *testing.T) {
	for line, want := range map[string]options{
		"":                     {command: "daemon"},
		"daemon --src-dir /b":  {command: "daemon", srcDir: "/b"},
		"check -s /b":          {command: "check", srcDir: "/b"},
		"pull t-2":             {command: "pull", want: client.Want{Name: "t-2"}},
		"install --target=t-2": {command: "install", want: client.Want{Name: "t-2"}},
		"-t t-2 install -s=/b": {command: "install", want: client.Want{Name: "t-2"}, srcDir: "/b"},
		"run":                  {command: "run"},
		"--help":               {command: "daemon", help: true},
	} {
		got, err := parse(strings.Fields(line))
		require.NoError(t, err, line)
		require.Equal(t, want, got, line)
	}
	for line, why := range map[string]string{
		"fly": "unknown command", "run t-2": "takes no target", "run -s /b": "takes no --src-dir", "pull a b": "unexpected argument",
		"pull -t": "needs a value", "pull -x": "unknown option", "check -t a": "takes no target",
	} {
		_, err := parse(strings.Fields(line))
		require.ErrorContains(t, err, why, line)
	}
}
