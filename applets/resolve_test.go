package applets

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/applets/applet"
)

func testTable() []applet.Applet {
	return []applet.Applet{
		{Name: "aktualizr-lite", Summary: "the update agent"},
		{Name: "sotactl", Summary: "the example agent"},
	}
}

func TestResolve(t *testing.T) {
	tests := []struct {
		about string
		names []string
		args  []string
		want  string // "" is: no applet
		rest  []string
	}{
		{"plain name", []string{"aktualizr-lite"}, []string{"check", "--json", "1"}, "aktualizr-lite", []string{"check", "--json", "1"}},
		{"absolute path", []string{"/usr/bin/aktualizr-lite"}, nil, "aktualizr-lite", nil},
		{"relative path", []string{"../bin/sotactl"}, []string{"check"}, "sotactl", []string{"check"}},
		{"suffix of a wrapper", []string{"/usr/bin/aktualizr-lite.real"}, []string{"status"}, "aktualizr-lite", []string{"status"}},
		{"suffix of a backup", []string{"aktualizr-lite.old"}, nil, "aktualizr-lite", nil},
		{"two suffixes", []string{"sotactl.1.old"}, nil, "sotactl", nil},
		{"link of another name to an applet's link", []string{"/opt/updater", "/usr/bin/aktualizr-lite", "/usr/bin/sotabox"}, []string{"run"}, "aktualizr-lite", []string{"run"}},
		{"the first name wins", []string{"sotactl", "aktualizr-lite"}, nil, "sotactl", nil},
		{"first argument", []string{"/usr/bin/sotabox"}, []string{"aktualizr-lite", "pull", "2"}, "aktualizr-lite", []string{"pull", "2"}},
		{"first argument, distribution file name", []string{"./sotabox-linux-arm64"}, []string{"sotactl"}, "sotactl", []string{}},
		{"first argument, renamed by an upgrade", []string{"sotabox.new"}, []string{"sotactl"}, "sotactl", []string{}},
		{"no argv[0] at all", nil, []string{"sotactl"}, "sotactl", []string{}},
		{"an applet's own argument is not another applet", []string{"sotactl"}, []string{"aktualizr-lite"}, "sotactl", []string{"aktualizr-lite"}},

		{"program without arguments", []string{"sotabox"}, nil, "", nil},
		{"option of the program", []string{"sotabox"}, []string{"--list"}, "", nil},
		{"argument is no applet", []string{"sotabox"}, []string{"uptane"}, "", nil},
		{"argument is a path", []string{"sotabox"}, []string{"/usr/bin/sotactl"}, "", nil},
		{"argument with a suffix", []string{"sotabox"}, []string{"sotactl.old"}, "", nil},
		{"unknown name", []string{"/usr/bin/uptane"}, []string{"aktualizr-lite"}, "", nil},
		{"unknown name, link to the program", []string{"uptane", "/usr/bin/sotabox"}, []string{"aktualizr-lite"}, "", nil},
		{"name that only begins like an applet", []string{"sotactl-helper"}, nil, "", nil},
		{"name that only begins like the program", []string{"sotaboxer"}, []string{"sotactl"}, "", nil},
		{"hidden file", []string{".sotactl"}, nil, "", nil},
		{"empty name", []string{""}, []string{"sotactl"}, "", nil},
		{"directory", []string{"/"}, nil, "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.about, func(t *testing.T) {
			a, rest, ok := Resolve(testTable(), tt.names, tt.args)
			require.Equal(t, tt.want, a.Name)
			require.Equal(t, tt.want != "", ok)
			if ok {
				require.Equal(t, tt.rest, rest)
			}
		})
	}
}
