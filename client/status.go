package client

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Status is what the device runs and who it is.
type Status struct {
	// DeviceName and Factory come from the gateway and are empty if it does
	// not answer soon.
	DeviceName, Factory string
	UUID                string
	// Commit is the running OSTree commit.
	Commit           string
	Tag              string
	Applied, Pending *Target
}

// statusTimeout is how long Status waits for the gateway: people wait for it.
const statusTimeout = 5 * time.Second

// Status describes the device. It works without a gateway.
func (c *Client) Status(ctx context.Context) (Status, error) {
	s := Status{Commit: runningCommit(c.boot, c.state), Tag: strings.Join(c.config.Pacman.Tags, ",")}
	if c.state.Current != nil {
		applied := c.Current()
		s.Applied = &applied
	}
	if t, ok := c.Pending(); ok {
		s.Pending = &t
	}
	if id, ok := c.gateway.Identity(); ok {
		s.UUID = id.UUID
	}
	if err := c.askName(ctx, &s); err != nil {
		c.log.Warn("the gateway does not tell the device's name", "err", err)
	}
	return s, nil
}

func (c *Client) askName(ctx context.Context, s *Status) error {
	if c.config.TLS.Server == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, statusTimeout)
	defer cancel()
	data, err := c.gateway.Get(ctx, c.config.TLS.Server+"/device", 64<<10, nil)
	if err != nil {
		return err
	}
	var device struct {
		Name    string `json:"Name"`
		Factory string `json:"factory"`
	}
	if err := json.Unmarshal(data, &device); err != nil {
		return fmt.Errorf("reading its answer: %w", err)
	}
	s.DeviceName, s.Factory = device.Name, device.Factory
	return nil
}
