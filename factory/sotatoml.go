//go:build factory

package factory

import (
	"fmt"
	"os"
	"strings"
)

// WriteConfig writes the device's sota.toml for the gateway's present address.
// Empty tags mean the factory's tag. A device made before the gateway moved
// gets its new address this way.
func (f *Factory) WriteConfig(d *Device, tags string) error {
	if tags == "" {
		tags = f.Tag
	}
	var b strings.Builder
	for _, section := range []struct {
		name string
		keys [][2]string
	}{
		{"tls", [][2]string{{"server", "https://" + f.Listen}}},
		{"provision", [][2]string{{"primary_ecu_hardware_id", f.HardwareID}}},
		{"uptane", [][2]string{{"repo_server", "https://" + f.Listen + "/repo"}}},
		{"pacman", [][2]string{
			{"type", "ostree"},
			{"os", StateRoot},
			{"sysroot", d.Sysroot()},
			{"booted", "staged"},
			{"ostree_server", "https://" + f.Listen + "/ostree"},
			{"tags", tags},
		}},
		{"storage", [][2]string{
			{"path", d.Storage()},
			{"uptane_metadata_path", d.path("tuf")},
			{"lock_path", d.path("run/aklite.lock")},
		}},
		{"import", [][2]string{{"base_path", d.path("import")}}},
		{"bootloader", [][2]string{
			{"reboot_sentinel_dir", d.path("run")},
			{"reboot_sentinel_name", "need_reboot"},
			{"reboot_command", "/bin/true"},
		}},
	} {
		fmt.Fprintf(&b, "[%s]\n", section.name)
		for _, key := range section.keys {
			fmt.Fprintf(&b, "%s = %q\n", key[0], key[1])
		}
		b.WriteByte('\n')
	}
	return os.WriteFile(d.ConfigFile(), []byte(b.String()), 0o644)
}
