package client

import (
	"fmt"
	"strconv"

	"github.com/sotabox/sotabox/ostreelite/repo"
)

// applyReserve makes the configured part of the filesystem that updates leave
// free that of the repository, for whoever writes to it.
func (c *Client) applyReserve() error {
	percent := c.config.Pacman.ReservedSpacePercent
	r := c.sysroot.Repo()
	if percent == 0 || r.Config().MinFreeBytes == 0 && r.Config().MinFreePercent == percent {
		return nil
	}
	k, err := repo.ParseKeyfile(r.Config().Keyfile.Bytes())
	if err != nil {
		return fmt.Errorf("reserving space: %w", err)
	}
	if r.Config().MinFreeBytes > 0 {
		// A size would count instead.
		k.Set("core", "min-free-space-size", "0MB")
	}
	k.Set("core", "min-free-space-percent", strconv.Itoa(percent))
	if err := r.WriteConfig(k); err != nil {
		return fmt.Errorf("reserving space: %w", err)
	}
	c.log.Info("reserved space", "percent", percent)
	return nil
}
