//go:build factory

package factory

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/factory/keys"
	"github.com/sotabox/sotabox/factory/metadata"
	"github.com/sotabox/sotabox/tuf"
)

// checkBundle is what a device that trusts nothing yet finds in a bundle's metadata.
func checkBundle(t *testing.T, dir string, o tuf.BundleOptions, production *bool) (*tuf.BundleInfo, *tuf.Trusted, error) {
	c, err := tuf.New(tuf.Config{Source: tuf.Dir(dir), Dir: filepath.Join(t.TempDir(), "tuf"), Production: production})
	require.NoError(t, err)
	return c.CheckBundle(context.Background(), o)
}

func TestBundle(t *testing.T) {
	f := newFactory(t, nil)
	p1, p2 := publish(t, f, Version{Number: 1}), publish(t, f, Version{Number: 2})
	publish(t, f, Version{Number: 3})
	require.NoError(t, f.Metadata.ChangeRoot(metadata.RootChange{}))
	dir := filepath.Join(t.TempDir(), "bundle")
	o := BundleOptions{Targets: []string{"1", p2.Name}}
	require.NoError(t, f.Bundle(context.Background(), dir, o))

	info, trusted, err := checkBundle(t, filepath.Join(dir, "tuf"), tuf.BundleOptions{Tags: []string{f.Tag}}, new(bool))
	require.NoError(t, err)
	require.Equal(t, "ci", info.Type)
	require.Equal(t, f.Tag, info.Tag)
	require.Equal(t, []string{p1.Name, p2.Name}, info.Targets)
	require.Len(t, trusted.Targets, 2)
	require.DirExists(t, filepath.Join(dir, "apps"))

	// The real thing finds both commits whole, and no third.
	ostree := func(args ...string) string {
		out, err := exec.Command("ostree", append([]string{"--repo=" + filepath.Join(dir, "ostree_repo")}, args...)...).CombinedOutput()
		require.NoError(t, err, string(out))
		return string(out)
	}
	require.Contains(t, ostree("fsck"), "fsck of 2 commits")
	for _, p := range []Published{p1, p2} {
		ostree("show", p.Commit.String())
	}
	require.ErrorIs(t, f.Bundle(context.Background(), dir, o), os.ErrExist)
	left, err := filepath.Glob(filepath.Join(filepath.Dir(dir), ".*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestBundleVariants(t *testing.T) {
	f := newFactory(t, nil)
	p := publish(t, f, Version{Number: 1})
	for range 3 {
		require.NoError(t, f.Metadata.ChangeRoot(metadata.RootChange{}))
	}
	bundle := func(o BundleOptions) string {
		t.Helper()
		dir := filepath.Join(t.TempDir(), "bundle")
		o.Targets = []string{p.Name}
		require.NoError(t, f.Bundle(context.Background(), dir, o))
		return filepath.Join(dir, "tuf")
	}
	_, _, err := checkBundle(t, bundle(BundleOptions{Expires: time.Now().Add(-time.Hour)}), tuf.BundleOptions{}, nil)
	require.ErrorIs(t, err, tuf.ErrBundle)
	_, _, err = checkBundle(t, bundle(BundleOptions{Unsigned: true}), tuf.BundleOptions{}, nil)
	require.ErrorIs(t, err, tuf.ErrBundle)
	_, _, err = checkBundle(t, bundle(BundleOptions{Production: true}), tuf.BundleOptions{}, new(bool))
	require.ErrorIs(t, err, tuf.ErrBundle)
	_, _, err = checkBundle(t, bundle(BundleOptions{Tag: "other"}), tuf.BundleOptions{Tags: []string{f.Tag}}, nil)
	require.ErrorIs(t, err, tuf.ErrBundle)
	late := bundle(BundleOptions{FirstRoot: 3})
	require.NoFileExists(t, filepath.Join(late, "2.root.json"))
	require.FileExists(t, filepath.Join(late, "4.root.json"))
	_, _, err = checkBundle(t, late, tuf.BundleOptions{}, nil)
	require.ErrorIs(t, err, tuf.ErrNotFound, "a device that trusts nothing yet")

	dir := filepath.Join(t.TempDir(), "bundle")
	for _, o := range []BundleOptions{{}, {Targets: []string{"7"}}, {Targets: []string{"1"}, FirstRoot: 5}} {
		require.Error(t, f.Bundle(context.Background(), dir, o))
		require.NoDirExists(t, dir)
	}
	standard := newFactory(t, func(s *Settings) { s.Dialect = StandardDialect })
	publish(t, standard, Version{Number: 1})
	require.ErrorContains(t, standard.Bundle(context.Background(), dir, BundleOptions{Targets: []string{"1"}}), "dialect")
}

// An archive unpacks to the same tree, its metadata comes first, and the same bundle makes the same archive.
func TestBundleArchives(t *testing.T) {
	f := newFactory(t, nil)
	publish(t, f, Version{Number: 1})
	o := BundleOptions{Targets: []string{"1"}, Expires: time.Now().Add(time.Hour)}
	document, err := f.ProposeBundle(o)
	require.NoError(t, err)
	o.Signed = signAsTargets(t, f, document)
	for name, open := range map[string]func(io.Reader) (io.Reader, error){
		"b.tar":     func(r io.Reader) (io.Reader, error) { return r, nil },
		"b.tar.gz":  func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		"b.tgz":     func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		"b.tar.zst": func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r) },
	} {
		t.Run(name, func(t *testing.T) {
			archive, again := filepath.Join(t.TempDir(), name), filepath.Join(t.TempDir(), "again-"+name)
			require.NoError(t, f.Bundle(context.Background(), archive, o))
			require.NoError(t, f.Bundle(context.Background(), again, o))
			first, err := os.ReadFile(archive)
			require.NoError(t, err)
			second, err := os.ReadFile(again)
			require.NoError(t, err)
			require.True(t, string(first) == string(second), "the same archive again")

			plain, err := open(strings.NewReader(string(first)))
			require.NoError(t, err)
			dir := t.TempDir()
			unpack(t, plain, dir)
			_, _, err = checkBundle(t, filepath.Join(dir, "tuf"), tuf.BundleOptions{}, nil)
			require.NoError(t, err)
			out, err := exec.Command("ostree", "--repo="+filepath.Join(dir, "ostree_repo"), "fsck").CombinedOutput()
			require.NoError(t, err, string(out))
		})
	}
}

func unpack(t *testing.T, from io.Reader, dir string) {
	last := ""
	for r := tar.NewReader(from); ; {
		h, err := r.Next()
		if err == io.EOF {
			require.Equal(t, "apps", last)
			return
		}
		require.NoError(t, err)
		part, _, _ := strings.Cut(h.Name, "/")
		order := []string{"", "tuf", "ostree_repo", "apps"}
		require.GreaterOrEqual(t, slices.Index(order, part), slices.Index(order, last), "%s after %s", part, last)
		last = part
		name := filepath.Join(dir, h.Name)
		if h.Typeflag == tar.TypeDir {
			require.NoError(t, os.MkdirAll(name, 0o755))
			continue
		}
		data, err := io.ReadAll(r)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(name, data, 0o644))
	}
}

// signAsTargets signs with the factory's own key, as a person who holds it would.
func signAsTargets(t *testing.T, f *Factory, document []byte) []byte {
	key, err := keys.Load(f.path("keys/targets-1.json"))
	require.NoError(t, err)
	document, err = metadata.Sign(document, key)
	require.NoError(t, err)
	return document
}

// People sign the description of a bundle one after the other.
func TestBundleSignedInSteps(t *testing.T) {
	f := newFactory(t, nil)
	publish(t, f, Version{Number: 1})
	o := BundleOptions{Targets: []string{"1"}}
	document, err := f.ProposeBundle(o)
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "bundle")
	o.Signed = document
	require.ErrorIs(t, f.Bundle(context.Background(), dir, o), metadata.ErrUnsigned)
	o.Signed = signAsTargets(t, f, document)
	o.Tag = "other"
	require.ErrorContains(t, f.Bundle(context.Background(), dir, o), "of another bundle")
	o.Tag = ""
	require.NoError(t, f.Bundle(context.Background(), dir, o))
	_, _, err = checkBundle(t, filepath.Join(dir, "tuf"), tuf.BundleOptions{}, nil)
	require.NoError(t, err)
}
