package client

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"golang.org/x/sys/unix"
)

// Reboot runs the configured reboot command. It does nothing, but say so, where
// the agent does not run in the sysroot that it updates or no command is set.
func (c *Client) Reboot(ctx context.Context) error {
	if !c.config.Pacman.Booted {
		c.log.Warn("not rebooting: the sysroot is not the one this system runs from")
		return nil
	}
	return c.RunRebootCommand(ctx)
}

// RunRebootCommand is Reboot for those who know that this system is the one to
// reboot, as a rescue system does.
func (c *Client) RunRebootCommand(ctx context.Context) error {
	words := strings.Fields(c.config.Bootloader.RebootCommand)
	if len(words) == 0 {
		c.log.Warn("not rebooting: no reboot_command is set in section [bootloader]")
		return nil
	}
	c.log.Info("rebooting", "command", c.config.Bootloader.RebootCommand)
	unix.Sync()
	if out, err := exec.CommandContext(ctx, words[0], words[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("rebooting with %q: %w: %.200s", c.config.Bootloader.RebootCommand, err, out)
	}
	return nil
}
