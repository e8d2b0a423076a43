package client

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sotabox/sotabox/internal/gateway"
	"github.com/sotabox/sotabox/tuf"
)

// CheckInResult is what the trusted metadata holds for this device.
type CheckInResult struct {
	// Targets for this device, lowest version first.
	Targets []Target
	// Fresh: the metadata was brought up to date just now.
	Fresh bool
}

// CheckIn brings the metadata up to date and finds the targets for this
// device. If the gateway cannot be reached or serves something that must be
// refused, the stored metadata is used as long as it still verifies; the log
// says so. Errors: the ErrMetadata classes, ErrNoMatchingTarget; with a bundle (see
// UseBundle) also ErrBundle and ErrNoContent.
func (c *Client) CheckIn(ctx context.Context) (CheckInResult, error) {
	c.report.checkInStarted(ctx)
	checkIn := c.checkIn
	if c.offline != nil {
		checkIn = c.checkInBundle
	}
	result, details, err := checkIn(ctx)
	c.report.checkInFinished(ctx, c.Current(), details, err)
	return result, err
}

func (c *Client) checkIn(ctx context.Context) (result CheckInResult, details string, err error) {
	source, err := c.metadataSource()
	if err != nil {
		return CheckInResult{}, "", err
	}
	client, err := c.metadata(source)
	if err != nil {
		return CheckInResult{}, "", err
	}
	trusted, err := client.Refresh(ctx)
	if errors.Is(err, tuf.ErrNotFound) {
		// What a gateway does not serve is its failure; only a bundle lacks files.
		err = fmt.Errorf("%w: %v; check the device's tag", ErrMetadataFetch, err)
	}
	result.Fresh = err == nil
	if err != nil {
		if ctx.Err() != nil {
			return CheckInResult{}, "", err
		}
		stored, storedErr := client.Stored(ctx)
		if storedErr != nil {
			return CheckInResult{}, "", err
		}
		c.log.Error("refreshing the metadata failed, going on with what is stored", "err", err)
		trusted = stored
	}
	result.Targets, err = c.candidates(trusted)
	return result, changes(trusted), err
}

// changes says what a refresh brought, "" if nothing.
func changes(t *tuf.Trusted) string {
	if !t.Changed {
		return ""
	}
	return fmt.Sprintf("root: %d; timestamp: %d; snapshot: %d; targets: %d",
		t.RootVersion, t.TimestampVersion, t.SnapshotVersion, t.TargetsVersion)
}

// Stored finds the targets for this device in the stored metadata, without
// network. Errors: ErrMetadataInvalid (also for expired or missing metadata,
// which is what scripts of list, pull and install expect), ErrMetadataStorage,
// ErrNoMatchingTarget; with a bundle, which must have the content of a target, also
// ErrNoContent.
func (c *Client) Stored(ctx context.Context) (CheckInResult, error) {
	client, err := c.metadata(nil)
	if err != nil {
		return CheckInResult{}, err
	}
	trusted, err := client.Stored(ctx)
	switch {
	case errors.Is(err, tuf.ErrStorage):
		return CheckInResult{}, err
	case err != nil:
		return CheckInResult{}, fmt.Errorf("stored metadata cannot be used, run check first: %w: %w", ErrMetadataInvalid, err)
	}
	targets, err := c.candidates(trusted)
	if err == nil && c.offline != nil {
		targets, err = c.storedInBundle(ctx, targets)
	}
	return CheckInResult{Targets: targets}, err
}

func (c *Client) candidates(trusted *tuf.Trusted) ([]Target, error) {
	for _, skipped := range trusted.Skipped {
		c.log.Warn("ignoring a malformed target", "target", skipped.Name, "reason", skipped.Reason)
	}
	listed := trusted.Targets
	if c.offline != nil {
		listed = bundled(listed)
	}
	tags := c.config.Pacman.Tags
	targets := Candidates(listed, c.hardwareID(), tags)
	if len(targets) == 0 {
		return nil, fmt.Errorf("none of %d targets is for hardware id %q and tags %q: %w",
			len(trusted.Targets), c.hardwareID(), strings.Join(tags, ","), ErrNoMatchingTarget)
	}
	return targets, nil
}

// Select decides which of the found targets to install.
func (c *Client) Select(found CheckInResult, want Want) (Selection, error) {
	current := c.Current()
	f := Facts{Candidates: found.Targets, Current: current, Failing: c.state.Failing, AutoDowngrade: c.config.Pacman.AutoDowngrade}
	if t, ok := c.state.RollbackTarget(current.Name); ok {
		f.Rollback = &t
	}
	return Select(f, want)
}

// gatewaySource is the gateway as a source of metadata.
type gatewaySource struct {
	gateway *gateway.Gateway
	base    string
}

func (c *Client) metadataSource() (tuf.Source, error) {
	if c.config.Uptane.RepoServer == "" {
		return nil, fmt.Errorf("no server is configured, set server in section [tls]: %w", ErrMetadataFetch)
	}
	return gatewaySource{c.gateway, strings.TrimSuffix(c.config.Uptane.RepoServer, "/")}, nil
}

// Fetch implements tuf.Source; names are made by package tuf, never by the server.
func (s gatewaySource) Fetch(ctx context.Context, name string, limit int64) ([]byte, error) {
	data, err := s.gateway.Get(ctx, s.base+"/"+name, limit, nil)
	var status *gateway.StatusError
	switch {
	case err == nil:
		return data, nil
	case errors.As(err, &status) && status.Code == 404:
		return nil, fmt.Errorf("%w: %w", tuf.ErrNotFound, err)
	case errors.Is(err, gateway.ErrTooLarge):
		return nil, fmt.Errorf("%w: %w", tuf.ErrInvalid, err)
	}
	return nil, fmt.Errorf("%w: %w", tuf.ErrFetch, err)
}
