package config

import "strings"

// TOML writes the effective configuration as a sota.toml, for the device
// gateway's PUT /system_info/config. It holds no secret: keys that could are not
// read in the first place.
func (c *Config) TOML() []byte {
	var b strings.Builder
	section := ""
	for _, f := range c.fields() {
		if a, ok := f.value.(apps); ok && !a.p.Configured {
			continue // absent does not mean the same as empty
		}
		if n, ok := f.value.(number); ok && *n.p < n.min {
			continue // not set
		}
		if f.section != section {
			if section != "" {
				b.WriteByte('\n')
			}
			section = f.section
			b.WriteString("[" + section + "]\n")
		}
		// There are no escapes: quotes were dropped when the value was read.
		b.WriteString(f.key + " = \"" + f.value.String() + "\"\n")
	}
	return []byte(b.String())
}
