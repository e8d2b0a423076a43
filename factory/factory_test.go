//go:build factory

package factory

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
)

func newFactory(t *testing.T, change func(*Settings)) *Factory {
	t.Helper()
	s := Defaults()
	s.Files, s.Listen = 80, "127.0.0.1:0"
	if change != nil {
		change(&s)
	}
	f, err := New(filepath.Join(t.TempDir(), "factory"), s)
	require.NoError(t, err)
	return f
}

func publish(t *testing.T, f *Factory, v Version) Published {
	t.Helper()
	p, err := f.Publish(context.Background(), v)
	require.NoError(t, err)
	return p
}

// ostree runs the real thing.
func ostree(t *testing.T, args ...string) string {
	t.Helper()
	output, err := exec.Command("ostree", args...).CombinedOutput()
	require.NoError(t, err, "ostree %v: %s", args, output)
	return string(output)
}

func provision(t *testing.T, f *Factory, o DeviceOptions) *Device {
	t.Helper()
	o.Unprivileged = o.Unprivileged || f.Canonical
	dir := filepath.Join(t.TempDir(), "device")
	d, err := f.Provision(context.Background(), dir, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, Remove(dir)) })
	return d
}

func TestOSTreeReadsWhatIsPublished(t *testing.T) {
	f := newFactory(t, nil)
	one := publish(t, f, Version{Number: 1})
	two := publish(t, f, Version{Number: 2})
	require.Equal(t, "demo-board-lmp-2", two.Name)

	ostree(t, "fsck", "--repo", f.OSTree())
	require.Equal(t, two.Commit.String(), strings.TrimSpace(ostree(t, "rev-parse", "--repo", f.OSTree(), f.HardwareID)))
	require.Contains(t, ostree(t, "log", "--repo", f.OSTree(), f.HardwareID), one.Commit.String())
	listing := ostree(t, "ls", "--repo", f.OSTree(), "-R", one.Commit.String())
	require.Contains(t, listing, "l00777 0 0      0 /bin -> usr/bin")
	if f.Canonical {
		require.Contains(t, listing, "/usr/bin/su\n")
	} else {
		require.Regexp(t, `-04755 0 0  30000 /usr/bin/su\n`, listing)
		require.Regexp(t, `d01777 0 0      0 /usr/share/spool\n`, listing)
		require.Regexp(t, `-00400 0 0 +\d+ /usr/etc/shadow\n`, listing)
	}
	diff := ostree(t, "diff", "--repo", f.OSTree(), one.Commit.String(), two.Commit.String())
	require.Contains(t, diff, "M    /usr/etc/motd\n")
	require.Contains(t, diff, "A    /usr/etc/app.d/new-in-2.conf\n")
	require.Contains(t, diff, "D    /usr/etc/app.d/gone-in-2.conf\n")
}

func TestTreeOfTheUserIsPublished(t *testing.T) {
	f := newFactory(t, nil)
	tree := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(tree, "hello"), []byte("world"), 0o644))
	p := publish(t, f, Version{Number: 1, Tree: tree, Name: "mine", Tag: "devel"})
	require.Equal(t, "world", ostree(t, "cat", "--repo", f.OSTree(), p.Commit.String(), "/hello"))
	_, target, err := f.FindTarget("mine")
	require.NoError(t, err)
	require.Equal(t, []string{"devel"}, target.Custom.Tags)
}

func TestNothingIsCommittedForACommitThatIsNamed(t *testing.T) {
	f := newFactory(t, nil)
	p := publish(t, f, Version{Number: 1, Commit: object.Checksum{1}})
	require.Equal(t, object.Checksum{1}, p.Commit)
	objects, err := filepath.Glob(filepath.Join(f.OSTree(), "objects/*/*"))
	require.NoError(t, err)
	require.Empty(t, objects)
}

func TestPublishRefuses(t *testing.T) {
	f := newFactory(t, nil)
	_, err := f.Publish(context.Background(), Version{})
	require.ErrorContains(t, err, "versions count from 1")
	_, err = f.Publish(context.Background(), Version{Number: 1, Tree: "/does/not/exist"})
	require.ErrorIs(t, err, fs.ErrNotExist)
	targets, err := f.Metadata.Targets()
	require.NoError(t, err)
	require.Empty(t, targets)
}

func TestOSTreeReadsTheDevice(t *testing.T) {
	f := newFactory(t, nil)
	p := publish(t, f, Version{Number: 1})
	d := provision(t, f, DeviceOptions{})
	ostree(t, "fsck", "--repo", filepath.Join(d.Sysroot(), "ostree/repo"))
	require.Contains(t, ostree(t, "admin", "status", "--sysroot", d.Sysroot()), StateRoot+" "+p.Commit.String()+".0")
	deployment, err := d.Deployment()
	require.NoError(t, err)
	motd, err := os.ReadFile(filepath.Join(deployment, "etc/motd"))
	require.NoError(t, err)
	require.Equal(t, "Welcome to version 1.\n", string(motd))
}

func TestUnprivilegedDeviceHasABareUserOnlyRepository(t *testing.T) {
	f := newFactory(t, func(s *Settings) { s.Canonical = true })
	publish(t, f, Version{Number: 1})
	d := provision(t, f, DeviceOptions{Unprivileged: true})
	path := filepath.Join(d.Sysroot(), "ostree/repo")
	require.Equal(t, "bare-user-only\n", ostree(t, "config", "--repo", path, "get", "core.mode"))
	ostree(t, "fsck", "--repo", path)
}

func TestDeviceMeetsItsGateway(t *testing.T) {
	f := newFactory(t, nil)
	publish(t, f, Version{Number: 1})
	server, err := f.Serve("", slog.New(slog.DiscardHandler), nil)
	require.NoError(t, err)
	defer server.Close()
	d := provision(t, f, DeviceOptions{UUID: "4711", Production: true, ProvisionRoot: true})
	require.FileExists(t, d.path("tuf/prod/1.root.json"))

	config, err := os.ReadFile(d.ConfigFile())
	require.NoError(t, err)
	require.Contains(t, string(config), `server = "`+server.URL()+`"`)

	authority, err := os.ReadFile(filepath.Join(d.Storage(), "root.crt"))
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(authority))
	cert, err := tls.LoadX509KeyPair(filepath.Join(d.Storage(), "client.pem"), filepath.Join(d.Storage(), "pkey.pem"))
	require.NoError(t, err)
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{cert}}}}
	resp, err := client.Get(server.URL() + "/device")
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Equal(t, "4711", server.Requests()[0].Device)
}

func TestRebootAndFallBack(t *testing.T) {
	f := newFactory(t, nil)
	publish(t, f, Version{Number: 1})
	d := provision(t, f, DeviceOptions{})
	wanted, err := d.Reboot()
	require.NoError(t, err)
	require.False(t, wanted)
	require.NoError(t, os.WriteFile(d.path("run/need_reboot"), nil, 0o644))
	wanted, err = d.Reboot()
	require.NoError(t, err)
	require.True(t, wanted)
	require.ErrorContains(t, d.FallBack(context.Background()), "no previous deployment")
}

func TestFactoryIsFoundAgain(t *testing.T) {
	for _, dialect := range []Dialect{FactoryDialect, StandardDialect} {
		f := newFactory(t, func(s *Settings) { s.Dialect = dialect })
		publish(t, f, Version{Number: 3})
		again, err := Open(f.Dir())
		require.NoError(t, err)
		require.Equal(t, f.Settings, again.Settings)
		name, _, err := again.FindTarget("3")
		require.NoError(t, err)
		require.Equal(t, "demo-board-lmp-3", name)
	}
}

func TestNothingIsOverwritten(t *testing.T) {
	f := newFactory(t, nil)
	_, err := New(f.Dir(), Defaults())
	require.ErrorIs(t, err, ErrExists)
	_, err = f.Provision(context.Background(), f.Dir(), DeviceOptions{})
	require.ErrorIs(t, err, ErrExists)
	_, err = Open(t.TempDir())
	require.ErrorContains(t, err, "sotabox-factory new")
}
