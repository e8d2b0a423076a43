package config

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestParse holds what boost::property_tree::read_ini (1.74) answered for the
// same text, quotes dropped as the C++ client does, where not said otherwise.
func TestParse(t *testing.T) {
	tests := []struct {
		name, in string
		want     []entry
		err      string
	}{
		{name: "bare, quoted, empty", in: "[s]\na=1\nb = \"x y\"\nc =\nd=\"\"",
			want: []entry{{"s", "a", "1", "f", 2}, {"s", "b", "x y", "f", 3}, {"s", "c", "", "f", 4}, {"s", "d", "", "f", 5}}},
		{name: "comments and blanks", in: "  # c\n\t; d\n\n   \n[s]\n  k  =  v  ",
			want: []entry{{"s", "k", "v", "f", 6}}},
		{name: "dos lines", in: "[s]\r\nk = v\r\n", want: []entry{{"s", "k", "v", "f", 2}}},
		{name: "blanks and rest of a section line", in: "[ s ] # rest\nk=1", want: []entry{{"s", "k", "1", "f", 2}}},
		{name: "more than one =", in: "[s]\nk = a = b", want: []entry{{"s", "k", "a = b", "f", 2}}},
		{name: "before any section", in: "k=1", want: []entry{{"", "k", "1", "f", 1}}},
		{name: "quotes anywhere", in: "[s]\na = \"x\" \"y\"\nb = x\"y\"z\nc = \"open",
			want: []entry{{"s", "a", "x y", "f", 2}, {"s", "b", "xyz", "f", 3}, {"s", "c", "open", "f", 4}}},
		{name: "hash inside a value", in: "[s]\na = \"x # y\"\nb = x#y\nc = x ; y",
			want: []entry{{"s", "a", "x # y", "f", 2}, {"s", "b", "x#y", "f", 3}, {"s", "c", "x ; y", "f", 4}}},
		{name: "comment after a value (boost keeps it)", in: "[s]\na = \"x\" # c\nb = \"x\"; c\nc = x y\t# c",
			want: []entry{{"s", "a", "x", "f", 2}, {"s", "b", "x", "f", 3}, {"s", "c", "x y", "f", 4}}},
		{name: "byte order mark (boost fails)", in: "\ufeff[s]\nk=1", want: []entry{{"s", "k", "1", "f", 2}}},
		{name: "an empty section may come again", in: "[s]\n[t]\n[s]\nk=1", want: []entry{{"s", "k", "1", "f", 4}}},
		{name: "same key in two sections", in: "[s]\nk=1\n[t]\nk=2",
			want: []entry{{"s", "k", "1", "f", 2}, {"t", "k", "2", "f", 4}}},
		{name: "key twice", in: "[s]\nk=1\nk=2", err: "f:3: invalid configuration: k is set twice in section [s]"},
		{name: "section twice", in: "[s]\nk=1\n[t]\nk=1\n[s]\nj=2",
			err: "f:5: invalid configuration: section [s] is in this file already"},
		{name: "no =", in: "[s]\n\njunk", err: "f:3: invalid configuration: no '=' in this line, want key = value"},
		{name: "no key", in: "[s]\n = v", err: "f:2: invalid configuration: no key before '='"},
		{name: "no ]", in: "[s\nk=1", err: "f:1: invalid configuration: no ']' after the section name"},
		{name: "binary", in: "\x7fELF\x00=", err: "f:1: invalid configuration: not a text file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parse("f", []byte(tt.in))
			if tt.err != "" {
				require.EqualError(t, err, tt.err)
				require.ErrorIs(t, err, ErrInvalid)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("[s]\nk = \"v\" # c\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := parse("f", data)
		if err != nil {
			require.ErrorIs(t, err, ErrInvalid)
		}
		for _, e := range entries {
			require.NotEmpty(t, e.key)
			require.NotContains(t, e.value, `"`)
			require.NotContains(t, e.value, "\n")
		}
	})
}
