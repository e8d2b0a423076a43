package sysroot

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is written is read back the same, and stays so.
func FuzzEntry(f *testing.F) {
	f.Add([]byte("title x\nversion 1\noptions a ostree=/ostree/boot.0/os/c/0\nlinux /k\ninitrd /i\ninitrd /o\nfdtdir /d\n"))
	f.Add([]byte("initrd\tx\na b c\n\n#"))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := parseEntry(data)
		if err != nil {
			return
		}
		text := e.marshal()
		again, err := parseEntry(text)
		if err != nil {
			if len(text) <= maxEntrySize {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		if !bytes.Equal(text, again.marshal()) {
			t.Fatalf("%q became %q", text, again.marshal())
		}
	})
}

func FuzzOrigin(f *testing.F) {
	f.Add([]byte("[origin]\nrefspec=a:b\n\n[libostree-transient]\npinned=true\n"))
	f.Add([]byte("# x\n[a]\nb = c \n[a]\nb=d"))
	f.Fuzz(func(t *testing.T, data []byte) {
		o, err := parseOrigin(data)
		if err != nil {
			return
		}
		o.Set(transientGroup, transientPin, "true")
		refspec := originRefspecOf(o)
		again, err := parseOrigin(o.Bytes())
		if err != nil {
			t.Fatalf("%q: %v", o.Bytes(), err)
		}
		if !originPinned(again) || originRefspecOf(again) != refspec {
			t.Fatalf("%q: pinned %v, refspec %q", o.Bytes(), originPinned(again), originRefspecOf(again))
		}
	})
}

func FuzzCmdline(f *testing.F) {
	f.Add("root=x ostree=/ostree/boot.1/os/abc/0 quiet\n")
	f.Add("ostree=/ostree/boot.0/../x/0 ostree=y")
	f.Fuzz(func(t *testing.T, line string) {
		args := splitArgs(line)
		value, ok := lookupArg(args, "ostree")
		if !ok {
			return
		}
		link, err := parseBootLink(value)
		if err != nil {
			return
		}
		for _, name := range []string{link.os, link.bootChecksum} {
			if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00\n ") {
				t.Fatalf("%q has %q", line, name)
			}
		}
		// Serials may have leading zeros, which are not written.
		again, err := parseBootLink(link.String())
		if err != nil || again != link {
			t.Fatalf("%q became %q: %v", value, link, err)
		}
		replaced := replaceArg(args, "ostree="+link.String())
		if got, _ := lookupArg(replaced, "ostree"); got != link.String() {
			t.Fatalf("%q: %q", replaced, got)
		}
		if _, ok := lookupArg(foreignArgs(replaced), "ostree"); ok {
			t.Fatalf("%q keeps ostree=", replaced)
		}
	})
}

func FuzzSyslinuxConfig(f *testing.F) {
	f.Add("PROMPT 1\nDEFAULT mine\nLABEL mine\n\tKERNEL /k\n\nLABEL T (ostree:0)\n\tKERNEL /boot/ostree/x\n")
	f.Add("LABEL \n\t\n\tKERNEL ")
	f.Fuzz(func(t *testing.T, config string) {
		entries := []*bootEntry{{keys: map[string]string{"title": "T (ostree:0)", "linux": "/ostree/k"}}}
		got, err := syslinuxConfig(config, entries)
		require.NoError(t, err)
		require.True(t, strings.HasSuffix(got, "LABEL T (ostree:0)\n\tKERNEL /boot/ostree/k\n"))
		again, err := syslinuxConfig(got, entries)
		require.NoError(t, err)
		third, err := syslinuxConfig(again, entries)
		require.NoError(t, err)
		require.Equal(t, again, third)
	})
}

func FuzzMountInfo(f *testing.F) {
	f.Add("36 35 98:0 /mnt1 /mnt\\0402 rw - ext3 /dev/root rw\n", "36")
	f.Fuzz(func(t *testing.T, table, id string) {
		path, ok := findMount(table, id)
		require.True(t, ok || path == "")
		require.LessOrEqual(t, len(path), len(table))
	})
}
