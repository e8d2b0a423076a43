package sysroot

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/repo"
)

// generator is a program that writes grub.cfg from the entries beside it, and
// what else it is told.
func generator(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "generator")
	require.NoError(t, os.WriteFile(path, []byte(`#!/bin/sh
set -e
test "$#" = 2 && test "$1" = -o
dir=$(dirname "$2")
exec >"$2"
echo "version=$_OSTREE_GRUB2_BOOTVERSION efi=$_OSTREE_GRUB2_IS_EFI"
cat "$dir"/entries/*.conf "$GRUB_TEST_ENTRIES"/loader.$_OSTREE_GRUB2_BOOTVERSION/entries/*.conf 2>/dev/null || :
`), 0o755))
	return path
}

func TestGrubLikeOstree(t *testing.T) {
	t.Setenv("OSTREE_GRUB2_EXEC", generator(t))
	for _, config := range []string{"grub/grub.cfg", "grub2/grub.cfg"} {
		t.Run(filepath.Dir(config), func(t *testing.T) {
			w := newWorld(t, repo.BareUserOnly)
			// For the generator to be found the file has to be there.
			w.boot("loader.0/grub.cfg")
			w.bootLink("loader", "loader.0")
			w.bootLink(config, "../loader/grub.cfg")
			lifeLikeOstree(t, w)
			require.Contains(t, w.bootText(config), w.open().Deployments()[0].BootChecksum)
		})
	}
}

func TestGrubGenerators(t *testing.T) {
	script := func(text string) string {
		path := filepath.Join(t.TempDir(), "generator")
		require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o755))
		return path
	}
	for name, test := range map[string]struct {
		script string
		want   error
		text   string
	}{
		"fails":            {"echo one; echo two >&2; exit 3", nil, "exit status 3: two"},
		"writes nothing":   {":", os.ErrNotExist, ""},
		"forgets entries":  {`echo "menuentry Linux {}" >"$2"`, ErrUnsupported, "without the new boot loader entries"},
		"old entries only": {`cat "$(dirname $2)"/../loader/entries/*.conf >"$2"`, ErrUnsupported, "without"},
	} {
		t.Run(name, func(t *testing.T) {
			w := deployed(t, repo.BareUserOnly, "1")
			w.config("sysroot.bootloader", "grub2")
			c := w.next("2")
			s := w.openWith(Options{GrubGenerator: script(test.script)})
			before := snapshot(t, w.dir)
			_, err := s.Deploy(t.Context(), Request{OS: testOS, Commit: c})
			require.ErrorContains(t, err, test.text)
			if test.want != nil {
				require.ErrorIs(t, err, test.want)
			}
			require.Equal(t, before, snapshot(t, w.dir))
		})
	}
}

// efiWorld has GRUB's configuration on an EFI system partition.
func efiWorld(t *testing.T) *world {
	w := newWorld(t, repo.BareUserOnly)
	w.bootFile("efi/EFI/BOOT/grub.cfg", "fall-back\n")
	w.bootFile("efi/EFI/debian/grub.cfg", "factory\n")
	t.Setenv("GRUB_TEST_ENTRIES", filepath.Join(w.dir, "boot"))
	return w
}

const efiConfig = "efi/EFI/debian/grub.cfg"

func TestGrubEFILikeOstree(t *testing.T) {
	w := efiWorld(t)
	t.Setenv("OSTREE_GRUB2_EXEC", generator(t))
	for _, version := range []string{"1", "2", "3"} {
		c := w.next(version)
		theirs := w.copy()
		t.Setenv("GRUB_TEST_ENTRIES", filepath.Join(theirs.dir, "boot"))
		theirs.admin("deploy", "--os="+testOS, "main")
		t.Setenv("GRUB_TEST_ENTRIES", filepath.Join(w.dir, "boot"))
		old := w.bootText(efiConfig)
		_, err := w.openWith(Options{GrubGenerator: generator(t)}).
			Deploy(t.Context(), Request{OS: testOS, Commit: c, Refspec: "main"})
		require.NoError(t, err)
		require.Contains(t, w.bootText(efiConfig), "efi=1\n")
		require.Contains(t, w.bootText(efiConfig), "ostree=/ostree/boot.")
		require.Equal(t, old, w.bootText(efiConfig+".old"))
		// Ours saw its entries twice, beside the file and where we said.
		w.bootFile(efiConfig, theirs.bootText(efiConfig))
		requireSame(t, theirs.dir, w.dir)
	}
	require.Equal(t, "fall-back\n", w.bootText("efi/EFI/BOOT/grub.cfg"))
}

// The configuration on the EFI system partition and boot/loader change one
// after the other. A cut between them is made good before anything is removed,
// and one before them leaves nothing.
func TestGrubEFICut(t *testing.T) {
	w := efiWorld(t)
	program := generator(t)
	deploy := func(w *world, version string) *Sysroot {
		s := w.openWith(Options{GrubGenerator: program})
		_, err := s.Deploy(t.Context(), Request{OS: testOS, Commit: w.next(version)})
		require.NoError(t, err)
		return s
	}
	deploy(w, "1")
	old := w.bootText(efiConfig)
	s := deploy(w, "2")
	fresh := w.bootText(efiConfig)
	require.NotEqual(t, old, fresh)

	// After the swap of boot/loader.
	w.bootFile(efiConfig, old)
	w.bootFile(efiConfig+".new", fresh)
	require.NoError(t, w.open().Cleanup(t.Context()))
	require.Equal(t, fresh, w.bootText(efiConfig))
	require.Equal(t, old, w.bootText(efiConfig+".old"))
	require.NoFileExists(t, filepath.Join(w.dir, "boot", efiConfig+".new"))

	// Before it.
	w.bootFile(efiConfig+".new", fmt.Sprintf("ostree=/ostree/boot.%d/x", 1-s.bootVersion))
	require.NoError(t, w.open().Cleanup(t.Context()))
	require.Equal(t, fresh, w.bootText(efiConfig))
	require.NoFileExists(t, filepath.Join(w.dir, "boot", efiConfig+".new"))

	// What others left is theirs.
	w.bootFile(efiConfig+".new", "mine")
	require.NoError(t, w.open().Cleanup(t.Context()))
	require.Equal(t, "mine", w.bootText(efiConfig+".new"))

	// A deployment given up at the last moment is not on the partition.
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := w.next("3")
	s = w.openWith(Options{GrubGenerator: program})
	s.opt.Now = func() time.Time { cancel(); return time.Time{} }
	_, err := s.Deploy(ctx, Request{OS: testOS, Commit: c})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, fresh, w.bootText(efiConfig))
	require.NoFileExists(t, filepath.Join(w.dir, "boot", efiConfig+".new"))
}
