package sysroot

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
)

func TestCompareVersions(t *testing.T) {
	// Ascending, as strverscmp(3) has it.
	ordered := []string{"", "000", "00", "01", "010", "09", "0", "1", "2", "9", "10", "a", "a000", "a00", "a01", "a0", "a1", "a9", "a10", "b"}
	for i, a := range ordered {
		for j, b := range ordered {
			got := compareVersions(a, b)
			switch {
			case i < j:
				require.Negative(t, got, "%q %q", a, b)
			case i > j:
				require.Positive(t, got, "%q %q", a, b)
			default:
				require.Zero(t, got, "%q %q", a, b)
			}
		}
	}
}

func TestEntryRoundTrip(t *testing.T) {
	text := "# comment\ntitle A title\nversion 2\noptions a=b ostree=/x\nlinux /k\ninitrd /i\ninitrd /overlay.img\n" +
		"machine-id\tx y\n1bad x\nnovalue\nfdtdir /d\nversion 3\n"
	e, err := parseEntry([]byte(text))
	require.NoError(t, err)
	require.Equal(t, "title A title\nversion 3\noptions a=b ostree=/x\nlinux /k\ninitrd /i\ninitrd /overlay.img\nfdtdir /d\nmachine-id x y\n",
		string(e.marshal()))
	_, err = parseEntry([]byte("title \xff"))
	require.ErrorIs(t, err, ErrMalformed)
	_, err = parseEntry(make([]byte, maxEntrySize+1))
	require.ErrorIs(t, err, ErrMalformed)
}

func TestSortEntries(t *testing.T) {
	entry := func(version string) *bootEntry {
		e := &bootEntry{keys: map[string]string{"title": version}}
		if version != "none" {
			e.keys["version"] = version
		}
		return e
	}
	list := []*bootEntry{entry("none"), entry("2"), entry("10"), entry("1")}
	sortEntries(list)
	var got []string
	for _, e := range list {
		got = append(got, e.keys["title"])
	}
	require.Equal(t, "10 2 1 none", strings.Join(got, " "))
}

func TestKernelArgs(t *testing.T) {
	args := splitArgs("root=LABEL=x  console=a quiet console=b\n")
	require.Equal(t, []string{"root=LABEL=x", "console=a", "quiet", "console=b"}, args)
	require.Equal(t, []string{"root=LABEL=x", "console=c", "quiet"}, replaceArg(args, "console=c"))
	require.Equal(t, append(args, "ostree=/y"), replaceArg(args, "ostree=/y"))
	require.Equal(t, []string{"root=LABEL=x", "quiet"}, withoutArg(args, "console"))
	value, ok := lookupArg(args, "root")
	require.True(t, ok)
	require.Equal(t, "LABEL=x", value)
	_, ok = lookupArg(args, "quiet")
	require.False(t, ok)
	require.Empty(t, splitArgs(""))
	require.Equal(t, []string{"a", "init=/sbin/init"}, foreignArgs([]string{"a", "ostree=/x", "init=/ostree/boot.1/x", "init=/sbin/init"}))
	for _, bad := range []string{"", "a b", "a\nb", "a\tb", "ostree=/x", "ostree"} {
		require.ErrorIs(t, checkArgs([]string{"ok", bad}), ErrMalformed, "%q", bad)
	}
	require.NoError(t, checkArgs([]string{"ok", "k=v=w", "ä"}))
}

func TestBootLink(t *testing.T) {
	l, err := parseBootLink("/ostree/boot.1/lmp/abc/12")
	require.NoError(t, err)
	require.Equal(t, bootLink{1, "lmp", "abc", 12}, l)
	require.Equal(t, "/ostree/boot.1/lmp/abc/12", l.String())
	for _, bad := range []string{
		"", "/ostree/boot.2/lmp/abc/0", "/ostree/boot.1/lmp/abc", "/ostree/boot.1/lmp/abc/x", "/ostree/boot.1/../abc/0",
		"/ostree/boot.1/lmp/./0", "/ostree/boot.1/lmp/abc/-1", "/ostree/boot.1/lmp/abc/0/", "ostree/boot.1/lmp/abc/0",
		"/ostree/boot.1//abc/0", "/ostree/boot.1/lmp/abc/99999999999", "/ostree/boot.1.0/lmp/abc/0", "/ostree/boot.1/a b/abc/0",
	} {
		_, err := parseBootLink(bad)
		require.ErrorIs(t, err, ErrMalformed, "%q", bad)
	}
}

func TestDeployNames(t *testing.T) {
	c := object.Sum([]byte("x"))
	got, serial, err := parseDeployName(deployName(c, 3))
	require.NoError(t, err)
	require.Equal(t, c, got)
	require.Equal(t, 3, serial)
	for _, bad := range []string{"", c.String(), c.String() + ".", c.String() + ".x", c.String() + ".0.origin", "ab.0"} {
		_, _, err := parseDeployName(bad)
		require.ErrorIs(t, err, ErrMalformed, "%q", bad)
	}
	require.Equal(t, 5, nextSerial([]string{deployName(c, 1), deployName(c, 4), deployName(object.Sum(nil), 9), "x"}, c))
	require.Equal(t, 0, nextSerial(nil, c))
}

func TestMergeAction(t *testing.T) {
	tests := []struct {
		current, next etcKind
		want          etcAction
	}{
		{kindFile, kindNothing, etcCopy}, {kindFile, kindFile, etcCopy}, {kindFile, kindDir, etcRefuse}, {kindFile, kindOther, etcCopy},
		{kindDir, kindNothing, etcCopy}, {kindDir, kindFile, etcCopy}, {kindDir, kindDir, etcKeep}, {kindDir, kindOther, etcCopy},
		{kindOther, kindNothing, etcClear}, {kindOther, kindFile, etcClear}, {kindOther, kindDir, etcRefuse}, {kindOther, kindOther, etcClear},
	}
	for _, test := range tests {
		require.Equal(t, test.want, mergeAction(test.current, test.next), "%v over %v", test.current, test.next)
	}
}

// list makes deployments from a short form: each letter is a commit, upper case
// for another stateroot, and a trailing ! pins.
func list(form string) []Deployment {
	var out []Deployment
	for _, f := range strings.Fields(form) {
		d := Deployment{OS: "a", Commit: object.Sum([]byte(strings.ToLower(f[:1]))), entry: &bootEntry{}, Version: f[:1], BootChecksum: "k"}
		if f[0] < 'a' {
			d.OS = "b"
		}
		d.Pinned = strings.HasSuffix(f, "!")
		out = append(out, d)
	}
	return out
}

func TestListAfterDeploy(t *testing.T) {
	tests := []struct {
		name, list string
		booted     int // -1: none
		merge      string
		want       string
	}{
		{"first", "", -1, "", "n"},
		{"not booted", "p q", -1, "p", "n p"},
		{"booted is default", "p q", 0, "p", "n p"},
		{"booted behind a pending one", "p q", 1, "q", "n q"},
		{"pinned", "p q! r", -1, "p", "n p q"},
		{"other stateroots", "X p Y q", -1, "p", "n X p Y"},
		{"booted in another stateroot", "p X q", 1, "p", "n p X"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			have := list(test.list)
			var booted *Deployment
			if test.booted >= 0 {
				booted = &have[test.booted]
			}
			merge := mergeDeployment(have, booted, "a")
			if test.merge == "" {
				require.Nil(t, merge)
			} else {
				require.Equal(t, test.merge, merge.Version)
			}
			require.Equal(t, test.want, versions(withNew(have, list("n")[0], booted, merge)))
		})
	}
	require.Equal(t, "r p q", versions(withDefault(list("p q r"), 2)))
}

func TestSwapKind(t *testing.T) {
	require.Equal(t, swapNothing, swapFor(list("p q"), list("p q")))
	require.Equal(t, swapEntries, swapFor(list("p"), list("p q")))
	require.Equal(t, swapEntries, swapFor(list("p q"), list("q p")), "versions are part of titles")
	same := list("p q")
	same[0].Serial = 1
	require.Equal(t, swapLinks, swapFor(list("p q"), same))
	for _, change := range []func(d *Deployment){
		func(d *Deployment) { d.BootChecksum = "other" },
		func(d *Deployment) { d.KernelArgs = []string{"debug"} },
		func(d *Deployment) { d.entry = &bootEntry{overlays: []string{"/o.img"}} },
	} {
		next := list("p q")
		change(&next[1])
		require.Equal(t, swapEntries, swapFor(list("p q"), next))
	}
}

func TestBootSerials(t *testing.T) {
	l := list("p q r")
	l[1].BootChecksum = "other"
	assignBootSerials(l)
	require.Equal(t, []int{0, 0, 1}, []int{l[0].BootSerial, l[1].BootSerial, l[2].BootSerial})
}

func TestChooseBootloader(t *testing.T) {
	for _, test := range []struct {
		configured, found string
		want              bootloader
	}{
		{"", "", entriesOnly{}},
		{"auto", "", entriesOnly{}},
		{"none", "", entriesOnly{}},
		{"none", "grub2", entriesOnly{}},
		{"", "uboot", uboot{}},
		{"uboot", "", uboot{}},
		{"uboot", "syslinux", uboot{}},
		{"auto", "syslinux", syslinux{}},
		{"", "grub2", grub2{}},
		{"", grubEFIFound, grub2{efi: true}},
		{"grub2", "", grub2{}},
		{"", "systemd-boot", systemdBoot{}},
	} {
		got, err := chooseBootloader(test.configured, test.found)
		require.NoError(t, err, "%q", test)
		require.Equal(t, test.want, got, "%q", test)
	}
	for _, bad := range []string{"zipl", "aboot", "loadlin", grubEFIFound} {
		_, err := chooseBootloader(bad, "")
		require.ErrorIs(t, err, ErrUnsupported, "%q", bad)
	}
}

func TestOSName(t *testing.T) {
	for release, want := range map[string]string{
		"ID=lmp\nPRETTY_NAME=\"A B\"\n":    "A B",
		"PRETTY_NAME='it''s'\nID=x":        "its",
		"ID=lmp":                           "lmp",
		"# c\nPRETTY_NAME=\"a \\\"q\\\"\"": `a "q"`,
		"PRETTY_NAME=\"open\nID=x":         "x",
	} {
		got, err := osName(release)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err := osName("NAME=x\n")
	require.ErrorIs(t, err, ErrTree)
}

// The shell is the judge of quoting.
func TestUnquoteLikeShell(t *testing.T) {
	for _, s := range []string{`plain`, `"a b"`, `'a b'`, `"a\"b"`, `"a\\b"`, `"a\zb"`, `a\ b`, `'a\b'`, `"a"'b'c`, `"\$x"`, "\"\\`\""} {
		got, ok := unquote(s)
		require.True(t, ok, s)
		out, err := exec.Command("sh", "-c", "printf %s "+s).Output()
		require.NoError(t, err)
		require.Equal(t, string(out), got, s)
	}
	for _, bad := range []string{`"a`, `'a`, `a\`} {
		_, ok := unquote(bad)
		require.False(t, ok, bad)
	}
}

func TestTitle(t *testing.T) {
	d := Deployment{OS: "lmp", Version: "42"}
	require.Equal(t, "Linux 42 (ostree:1)", entryTitle("Linux", d, 1, false))
	require.Equal(t, "Linux 42 (ostree:lmp:0)", entryTitle("Linux 42", d, 0, true))
	d.Version = ""
	require.Equal(t, "Linux (ostree:0)", entryTitle("Linux", d, 0, false))
}

func TestSELinuxEnabled(t *testing.T) {
	for config, want := range map[string]bool{
		"": false, "SELINUX=disabled\nSELINUXTYPE=t\n": false, "# SELINUX=enforcing\n": false,
		"SELINUX=enforcing\n": true, "SELINUX=Permissive": true,
	} {
		require.Equal(t, want, selinuxEnabled(config), strconv.Quote(config))
	}
}

func TestOrigin(t *testing.T) {
	f, err := newOrigin("remote:branch/x")
	require.NoError(t, err)
	require.Equal(t, "[origin]\nrefspec=remote:branch/x\n", string(f.Bytes()))
	f, err = parseOrigin([]byte("# c\n[origin]\nrefspec = a:b\n\n[libostree-transient]\npinned=true\n"))
	require.NoError(t, err)
	require.Equal(t, "a:b", originRefspecOf(f))
	require.True(t, originPinned(f))
	f.Set(transientGroup, transientPin, "false")
	require.Equal(t, "# c\n[origin]\nrefspec = a:b\n\n[libostree-transient]\npinned=false\n", string(f.Bytes()))
	_, err = parseOrigin([]byte("refspec=a\n"))
	require.ErrorIs(t, err, ErrMalformed)
}
