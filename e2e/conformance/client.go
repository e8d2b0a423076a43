//go:build factory

package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sotabox/sotabox/tuf"
)

// client refreshes and downloads with one set of trusted metadata.
type client struct {
	options  *options
	metadata *tuf.Stepwise
}

func newClient(ctx context.Context, o *options, log *slog.Logger) (*client, error) {
	now, err := now(ctx, o.date)
	if err != nil {
		return nil, err
	}
	return &client{options: o, metadata: &tuf.Stepwise{Source: web(o.metadataURL), Dir: o.metadataDir, Now: now, Log: log}}, nil
}

// now asks a program for the time, since faketime works through the C library.
func now(ctx context.Context, program string) (time.Time, error) {
	out, err := exec.CommandContext(ctx, program, "+%s").Output()
	if err != nil {
		return time.Time{}, fmt.Errorf("ask %s for the time: %w", program, err)
	}
	seconds, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("ask %s for the time: %w", program, err)
	}
	return time.Unix(seconds, 0), nil
}

// download gets an artifact, unless it is there already.
func (c *client) download(ctx context.Context, name string) error {
	file, err := c.metadata.Lookup(name)
	if err != nil {
		return err
	}
	to := filepath.Join(c.options.targetDir, url.PathEscape(name))
	if data, err := os.ReadFile(to); err == nil && file.VerifyLengthHashes(data) == nil {
		return nil
	}
	data, err := web(c.options.targetURL).Fetch(ctx, c.remoteName(name, file), file.Length)
	if err != nil {
		return err
	}
	if err := file.VerifyLengthHashes(data); err != nil {
		return fmt.Errorf("%w: target %q: %w", tuf.ErrInvalid, name, err)
	}
	if err := os.WriteFile(to+".new", data, 0o644); err != nil {
		return err
	}
	return os.Rename(to+".new", to)
}

// remoteName is the quoted name of an artifact below the base URL. Repositories with consistent snapshots put a hash, any
// of those listed, in front of the last component.
func (c *client) remoteName(name string, file *tuf.TargetFile) string {
	if kinds := slices.Sorted(maps.Keys(file.Hashes)); c.metadata.ConsistentSnapshot() && len(kinds) > 0 {
		dir, base := path.Split(name)
		name = dir + hex.EncodeToString(file.Hashes[kinds[0]]) + "." + base
	}
	return (&url.URL{Path: name}).EscapedPath()
}

// web is a base URL, as a source of files below it.
type web string

// Fetch implements tuf.Source. 403 is an absence too: object stores answer so for what is not there.
func (w web) Fetch(ctx context.Context, name string, limit int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(string(w), "/")+"/"+name, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", tuf.ErrFetch, err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", tuf.ErrFetch, err)
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		return io.ReadAll(io.LimitReader(resp.Body, limit+1))
	case http.StatusNotFound, http.StatusForbidden:
		return nil, fmt.Errorf("%w: HTTP status %d", tuf.ErrNotFound, resp.StatusCode)
	}
	return nil, fmt.Errorf("%w: HTTP status %d", tuf.ErrFetch, resp.StatusCode)
}
