package client

import (
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/sotabox/sotabox/internal/atomicfile"
	"github.com/sotabox/sotabox/internal/config"
	"github.com/sotabox/sotabox/internal/gateway"
)

func (c *Client) openGateway() error {
	s, i, t := c.config.Storage, c.config.Import, c.config.TLS
	for key, source := range map[string]string{"ca_source": t.CASource, "cert_source": t.CertSource, "pkey_source": t.KeySource} {
		if source == config.SourcePKCS11 {
			return fmt.Errorf("%s = %q in section [tls]: keys in a PKCS#11 token are %w; use files", key, source, ErrUnsupported)
		}
	}
	c.gateway = gateway.New(gateway.Options{
		CAFile: firstThere(s.CACertPath, i.CACertPath), CertFile: firstThere(s.ClientCertPath, i.ClientCertPath),
		KeyFile: firstThere(s.KeyPath, i.KeyPath), UserAgent: "sotabox/" + c.options.Version, Log: c.log,
	})
	return c.openReporter()
}

// firstThere is the first path, unless only the second exists: that is where an
// image build put the device's identity.
func firstThere(path, imported string) string {
	if imported == "" {
		return path
	}
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if _, err := os.Stat(imported); err != nil {
		return path
	}
	return imported
}

// hardwareID is what targets are selected by.
func (c *Client) hardwareID() string {
	if id := c.config.Provision.HardwareID; id != "" {
		return id
	}
	name, _ := os.Hostname()
	return name
}

// ecuSerial names the device in reports.
func (c *Client) ecuSerial() string {
	if s := c.config.Provision.Serial; s != "" {
		return s
	}
	if id, ok := c.gateway.Identity(); ok {
		return id.UUID
	}
	return c.hardwareID()
}

// describeToGateway sets the headers by which a gateway chooses what to serve.
func (c *Client) describeToGateway() {
	current := c.Current()
	h := http.Header{
		"X-Ats-Tags":       {strings.Join(c.config.Pacman.Tags, ",")},
		"X-Ats-Target":     {current.Name},
		"X-Ats-Ostreehash": {current.Commit},
	}
	if c.config.Pacman.Type == config.TypeOSTreeApps {
		var apps []string
		for _, a := range Apps(current) {
			if c.AppEnabled(a.Name) {
				apps = append(apps, a.Name)
			}
		}
		h.Set("x-ats-dockerapps", strings.Join(apps, ","))
	}
	c.gateway.SetHeaders(h)
}

// writeCurrentTarget brings the file for scripts in line with the state.
func (c *Client) writeCurrentTarget() error {
	dir, err := os.Open(c.config.Storage.Path)
	if err != nil {
		return fmt.Errorf("writing %s: %w", CurrentTargetFile, err)
	}
	defer dir.Close()
	want := []byte(shellAssignments(c.Current()))
	if have, err := atomicfile.Read(dir, CurrentTargetFile, 64<<10); err == nil && string(have) == string(want) {
		return nil
	}
	return atomicfile.Write(dir, CurrentTargetFile, want, 0o644)
}
