package config_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/internal/config"
)

// write makes a directory of files: name -> content.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	return dir
}

// load reads one file.
func load(t *testing.T, content string) (*config.Config, error) {
	t.Helper()
	return config.Load(config.Options{Paths: []string{write(t, map[string]string{"sota.toml": content})}})
}

func TestDefaults(t *testing.T) {
	c, err := load(t, "")
	require.NoError(t, err)
	require.Equal(t, 2, c.Logger.LogLevel)
	require.Equal(t, 300*time.Second, c.Uptane.PollingInterval)
	require.Empty(t, c.TLS.Server)
	require.Empty(t, c.Uptane.RepoServer)
	require.Equal(t, "lmp", c.Pacman.OS)
	require.Equal(t, "/", c.Pacman.Sysroot)
	require.True(t, c.Pacman.Booted)
	require.True(t, c.Pacman.OSTreeUpdateBlock)
	require.False(t, c.Pacman.AutoDowngrade)
	require.Equal(t, 80, c.Pacman.StorageWatermark)
	require.False(t, c.Pacman.ComposeApps.Configured)
	require.Equal(t, "/var/sota/client.pem", c.Storage.ClientCertPath)
	require.Equal(t, "/usr/lib/sota/tuf", c.Storage.UptaneMetadataPath)
	require.Empty(t, c.Import.KeyPath)
	require.Equal(t, config.RollbackNone, c.Bootloader.RollbackMode)
	require.Equal(t, "/sbin/reboot", c.Bootloader.RebootCommand)
	require.Empty(t, c.Warnings)
}

// TestDevice is what lmp-device-register leaves on a device, with additions seen
// in the field.
func TestDevice(t *testing.T) {
	c, err := load(t, `
[tls]
server = "https://ota-lite.example.com:8443/"
ca_source = "file"
pkey_source = "pkcs11"
cert_source = "pkcs11"

[provision]
server = "https://ota-lite.example.com:8443"
primary_ecu_hardware_id = "intel-corei7-64"

[uptane]
polling_sec = 90
repo_server = "https://ota-lite.example.com:8443/repo"
key_source = "file"

[pacman]
type = "ostree+compose_apps"
ostree_server = "https://ostree.example.com:8443/ostree"
packages_file = "/usr/package.manifest"
tags = "main, postmerge"
compose_apps = ""
reset_apps = "*"
docker_prune = 0
booted = 0
create_containers_before_reboot = "0"
callback_program = "/var/sota/callback.sh"

[storage]
type = "sqlite"
path = "/data/sota"
tls_clientcert_path = certs/device.pem
tls_pkey_path = "/secure/key.pem"
sqldb_path = "sql.db"

[p11]
module = "/usr/lib/libckteec.so.0"
pass = "87654321"
tls_pkey_id = "01"
tls_clientcert_id = "03"

[import]
base_path = "/data/import"
tls_cacert_path = "/var/sota/root.crt"
tls_pkey_path = "key.pem"

[bootloader]
rollback_mode = uboot_masked
`)
	require.NoError(t, err)
	require.Empty(t, c.Warnings)
	require.Equal(t, "https://ota-lite.example.com:8443", c.TLS.Server)
	require.Equal(t, config.SourcePKCS11, c.TLS.KeySource)
	require.Equal(t, 90*time.Second, c.Uptane.PollingInterval)
	require.Equal(t, "https://ostree.example.com:8443/ostree", c.Pacman.OSTreeServer)
	require.Equal(t, []string{"main", "postmerge"}, c.Pacman.Tags)
	require.Equal(t, config.AppList{Configured: true, Names: []string{}}, c.Pacman.ComposeApps)
	require.Equal(t, []string{"*"}, c.Pacman.ResetApps.Names)
	require.False(t, c.Pacman.DockerPrune)
	require.False(t, c.Pacman.Booted)
	require.False(t, c.Pacman.CreateContainersBeforeReboot)
	require.Equal(t, "/data/sota/certs/device.pem", c.Storage.ClientCertPath)
	require.Equal(t, "/data/sota/root.crt", c.Storage.CACertPath)
	require.Equal(t, "/secure/key.pem", c.Storage.KeyPath)
	require.Equal(t, "/var/sota/root.crt", c.Import.CACertPath)
	require.Equal(t, "/data/import/key.pem", c.Import.KeyPath)
	require.Empty(t, c.Import.ClientCertPath)
	require.Equal(t, config.RollbackUBootMasked, c.Bootloader.RollbackMode)
}

func TestDerivedServers(t *testing.T) {
	dir := write(t, map[string]string{"gateway.url": "  https://gw:8443/\n"})
	c, err := load(t, "[tls]\nserver_url_path = "+dir+"/gateway.url\n[uptane]\nrepo_server = https://other/repo/\n")
	require.NoError(t, err)
	require.Equal(t, "https://gw:8443", c.TLS.Server)
	require.Equal(t, "https://other/repo", c.Uptane.RepoServer)
	require.Equal(t, "https://gw:8443/treehub", c.Pacman.OSTreeServer)

	c, err = load(t, "[tls]\nserver_url_path = "+dir+"/none\n")
	require.NoError(t, err)
	require.Empty(t, c.TLS.Server)
	require.Len(t, c.Warnings, 1)
	require.Contains(t, c.Warnings[0], "tls.server_url_path")
}

// TestOrder is the rule of spec/cli.md, Files, with its own examples.
func TestOrder(t *testing.T) {
	root := write(t, map[string]string{
		"usr/z-90-x.toml":  "[pacman]\ntags = usr90\nos = usr90",
		"usr/20-same.toml": "[provision]\nprimary_ecu_serial = hidden\nprimary_ecu_hardware_id = hidden",
		"sota.toml":        "[pacman]\ntags = sota\n[uptane]\npolling_sec = 7",
		"etc/z-50-y.toml":  "[pacman]\ntags = etc50\nsysroot = /etc50",
		"etc/10-x.toml":    "[uptane]\npolling_sec = 8",
		"etc/20-same.toml": "[provision]\nprimary_ecu_hardware_id = seen",
		"etc/notes.txt":    "not a config",
		"etc/d.toml/x":     "a directory",
	})
	c, err := config.Load(config.Options{Paths: []string{root + "/usr", root + "/sota.toml", root + "/etc"}})
	require.NoError(t, err)
	require.Equal(t, []string{"usr90"}, c.Pacman.Tags, "z-90 of the first place beats z-50 of the last")
	require.Equal(t, "/etc50", c.Pacman.Sysroot, "keys are merged one by one")
	require.Equal(t, 7*time.Second, c.Uptane.PollingInterval, "10-x loses to sota.toml")
	require.Equal(t, "seen", c.Provision.HardwareID)
	require.Empty(t, c.Provision.Serial, "a file replaces its namesake whole")
	require.Equal(t, []string{
		root + "/etc/10-x.toml", root + "/etc/20-same.toml", root + "/sota.toml",
		root + "/etc/z-50-y.toml", root + "/usr/z-90-x.toml",
	}, c.Files)
}

func TestPathsThatAreNotThere(t *testing.T) {
	dir := write(t, map[string]string{"a.toml": ""})
	_, err := config.Load(config.Options{Paths: []string{dir, dir + "/b.toml"}})
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, dir+"/b.toml")

	empty := t.TempDir()
	_, err = config.Load(config.Options{Paths: []string{empty}})
	require.ErrorIs(t, err, config.ErrNone)
	require.EqualError(t, err, "no configuration: no *.toml file in "+empty)

	require.NoError(t, os.Symlink("gone", dir+"/z.toml"))
	_, err = config.Load(config.Options{Paths: []string{dir}})
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestUnreadable(t *testing.T) {
	dir := write(t, map[string]string{"a.toml": ""})
	require.NoError(t, os.Chmod(dir+"/a.toml", 0))
	_, err := config.Load(config.Options{Paths: []string{dir}})
	if os.Getuid() == 0 {
		require.NoError(t, err, "root reads everything")
	} else {
		require.ErrorIs(t, err, fs.ErrPermission)
		require.ErrorContains(t, err, dir+"/a.toml")
	}
	big := write(t, map[string]string{"a.toml": strings.Repeat("#\n", 1<<20)})
	_, err = config.Load(config.Options{Paths: []string{big}})
	require.ErrorContains(t, err, "longer than")
}

func TestUnknownKeys(t *testing.T) {
	c, err := load(t, "loose = 1\n[pacman]\nos = x\nimages = 1\n[nosuch]\nkey = v\n[tls]\nsrever = x\n")
	require.NoError(t, err)
	require.Len(t, c.Warnings, 4)
	for i, want := range []string{"loose in", "nosuch.key in", "pacman.images in", "tls.srever in"} {
		require.Contains(t, c.Warnings[i], "unknown key "+want)
		require.Contains(t, c.Warnings[i], "sota.toml:")
	}
}

func TestBadValues(t *testing.T) {
	for _, line := range []string{
		"[pacman]\nbooted = 2",
		"[pacman]\ntype = debian",
		"[pacman]\ndocker_prune = maybe",
		"[pacman]\nstorage_watermark = 96",
		"[pacman]\nstorage_watermark = 19",
		"[pacman]\nstorage_watermark = foobar",
		"[pacman]\nstorage_watermark = 99999999999999999999999999",
		"[pacman]\nsysroot_ostree_reserved_space_percentage = 51",
		"[pacman]\ntags = [\"a\", \"b\"]",
		"[pacman]\nostree_max_rate = fast",
		"[pacman]\nostree_max_rate = -1",
		"[pacman]\nostree_max_rate = 5G",
		"[pacman]\nostree_max_rate = 9000000000000M",
		"[uptane]\npolling_sec = 0",
		"[uptane]\npolling_sec = -5",
		"[uptane]\npolling_sec = 5m",
		"[logger]\nloglevel = 6",
		"[tls]\npkey_source = tpm",
		"[bootloader]\nrollback_mode = uboot",
		"[bootloader]\nreboot_sentinel_name = ../x",
	} {
		t.Run(line, func(t *testing.T) {
			_, err := load(t, line)
			require.ErrorIs(t, err, config.ErrInvalid)
			require.Regexp(t, `/sota\.toml:2: invalid configuration: [a-z]+\.[a-z_]+ = ".*": want .+`, err.Error())
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

func TestRates(t *testing.T) {
	for text, want := range map[string]int64{"": 0, "0": 0, "1234": 1234, "500k": 500 << 10, "2K": 2 << 10, "3M": 3 << 20} {
		c, err := load(t, "[pacman]\nostree_max_rate = \""+text+"\"")
		require.NoError(t, err, text)
		require.Equal(t, want, c.Pacman.OSTreeMaxRate, text)
	}
}

func TestOverriddenValuesDoNotMatter(t *testing.T) {
	dir := write(t, map[string]string{
		"1.toml": "[pacman]\nbooted = nonsense",
		"2.toml": "[pacman]\nbooted = staged",
	})
	c, err := config.Load(config.Options{Paths: []string{dir}})
	require.NoError(t, err)
	require.False(t, c.Pacman.Booted)
}

// TestTOML: what is reported is a configuration that means the same.
func TestTOML(t *testing.T) {
	c, err := load(t, "[pacman]\nbooted = staged\ncompose_apps = a b\nstorage_watermark = 33\n"+
		"[p11]\npass = hunter2\n[provision]\np12_password = hunter2\n[tls]\nserver = https://gw\n")
	require.NoError(t, err)
	require.NotContains(t, string(c.TOML()), "hunter2")
	require.NotContains(t, string(c.TOML()), "reset_apps =")
	again, err := load(t, string(c.TOML()))
	require.NoError(t, err)
	again.Files = c.Files
	if len(again.Pacman.Tags) == 0 {
		again.Pacman.Tags = c.Pacman.Tags
	}
	require.Equal(t, c, again)
}
