package client

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/sotabox/sotabox/internal/atomicfile"
)

// sentinelPath is the file that exists from an installation to the reboot. It
// lies on a tmpfs, so a reboot removes it; scripts remove it to fake one.
func (c *Client) sentinelPath() string {
	b := c.config.Bootloader
	return filepath.Join(b.RebootSentinelDir, b.RebootSentinelName)
}

func (c *Client) setSentinel() error {
	dir := c.config.Bootloader.RebootSentinelDir
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("creating the reboot sentinel: %w", err)
	}
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("creating the reboot sentinel: %w", err)
	}
	defer f.Close()
	if err := atomicfile.Write(f, c.config.Bootloader.RebootSentinelName, nil, 0o644); err != nil {
		return fmt.Errorf("creating the reboot sentinel: %w", err)
	}
	c.boot.sentinel = true
	return nil
}

func (c *Client) clearSentinel() {
	if err := os.Remove(c.sentinelPath()); err != nil && !os.IsNotExist(err) {
		c.log.Warn("removing the reboot sentinel failed", "err", err)
	}
	c.boot.sentinel = false
}
