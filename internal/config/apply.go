package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// provisionedRoots is where images carry the roots of trust.
const provisionedRoots = "/usr/lib/sota/tuf"

// apply sets every field from the merged entries, and returns the value of
// tls.server_url_path, the one key that stands for another.
func (c *Config) apply(merged map[string]entry) (serverURLPath string, err error) {
	fields := append(c.fields(), field{"tls", "server_url_path", text{&serverURLPath}})
	for _, f := range fields {
		name := f.section + "." + f.key
		e, ok := merged[name]
		if !ok {
			continue
		}
		if err := f.value.set(e.value); err != nil {
			return "", e.errorf("%s = %q: %v", name, e.value, err)
		}
		delete(merged, name)
	}
	for name, e := range merged {
		if !foreign(e.section, e.key) {
			c.warn("unknown key %s in %s:%d has no effect", strings.TrimPrefix(name, "."), e.file, e.line)
		}
	}
	slices.Sort(c.Warnings)
	return serverURLPath, nil
}

// finish derives what is not set and resolves relative paths.
func (c *Config) finish(serverURLPath string) {
	if c.TLS.Server == "" && serverURLPath != "" {
		data, err := readFile(serverURLPath)
		if err != nil {
			c.warn("tls.server_url_path: %v", err)
		}
		c.TLS.Server = strings.TrimRight(strings.TrimSpace(string(data)), "/")
	}
	if server := c.TLS.Server; server != "" {
		c.Uptane.RepoServer = or(c.Uptane.RepoServer, server+"/repo")
		c.Pacman.OSTreeServer = or(c.Pacman.OSTreeServer, server+"/treehub")
	}
	c.Pacman.OS = or(c.Pacman.OS, "lmp")
	c.Pacman.Sysroot = or(c.Pacman.Sysroot, "/")

	s := &c.Storage
	for _, p := range []*string{&s.CACertPath, &s.ClientCertPath, &s.KeyPath, &s.LockPath} {
		*p = resolve(s.Path, *p)
	}
	// The C++ clients have two defaults for this key, "metadata" among them, and
	// take relative paths from the root directory.
	s.UptaneMetadataPath = resolve("/", s.UptaneMetadataPath)
	if s.UptaneMetadataPath == "" || s.UptaneMetadataPath == "/metadata" {
		s.UptaneMetadataPath = provisionedRoots
	}
	i := &c.Import
	for _, p := range []*string{&i.CACertPath, &i.ClientCertPath, &i.KeyPath} {
		*p = resolve(i.BasePath, *p)
	}
}

func (c *Config) warn(format string, args ...any) {
	c.Warnings = append(c.Warnings, fmt.Sprintf(format, args...))
}

// resolve takes path relative to base; an empty path stays empty.
func resolve(base, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(base, path)
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}
