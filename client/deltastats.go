package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/pull"
)

// maxDeltaStats is the largest document with delta statistics, in bytes
// (spec/tuf.md, "Targets").
const maxDeltaStats = 1 << 20

// checkFits fails with an ErrNoSpace if it is known beforehand that the target
// does not fit. Not to know is no error: space is watched while pulling, too.
func (c *Client) checkFits(ctx context.Context, t Target, commit object.Checksum) error {
	r := c.sysroot.Repo()
	if partial, err := r.IsPartial(commit); err != nil || partial {
		// It was found to fit, and a part of it takes its space already.
		return err
	}
	stats, err := c.deltaStats(ctx, t)
	if err != nil {
		if ctx.Err() != nil {
			return c.canceled(ctx, "fetching delta statistics of "+t.Name)
		}
		c.log.Warn("no delta statistics, the size of the update is not known", "target", t.Name, "error", err)
		return nil
	}
	size, ok, err := unpackedSize(stats, c.Current().Commit, t.Commit)
	if err != nil {
		c.log.Warn("delta statistics make no sense, the size of the update is not known", "target", t.Name, "error", err)
		return nil
	}
	if !ok {
		c.log.Debug("the size of the update is not known", "target", t.Name)
		return nil
	}
	c.log.Debug("the size of the update is known", "target", t.Name, "bytes", size)
	return r.CheckFree(size)
}

// deltaStats fetches the document that a target names; nil if it names none.
func (c *Client) deltaStats(ctx context.Context, t Target) ([]byte, error) {
	var custom struct {
		Stats *struct {
			SHA256 string `json:"sha256"`
			Size   int64  `json:"size"`
		} `json:"delta-stats"`
	}
	// A target is parsed strictly when its metadata is verified.
	if err := json.Unmarshal(t.Custom, &custom); err != nil || custom.Stats == nil {
		return nil, nil
	}
	sum, err := object.ParseChecksum(custom.Stats.SHA256)
	if err != nil {
		return nil, err
	}
	if custom.Stats.Size > maxDeltaStats {
		return nil, fmt.Errorf("they have %d bytes, at most %d are read", custom.Stats.Size, maxDeltaStats)
	}
	gateway := pull.Remote{URL: c.config.Pacman.OSTreeServer, Client: c.gateway.HTTPClient()}
	data, err := pull.Get(ctx, gateway, "delta-stats/"+sum.String(), maxDeltaStats, c.log)
	if err != nil {
		return nil, err
	}
	if int64(len(data)) != custom.Stats.Size || object.Sum(data) != sum {
		return nil, errors.New("they are not what the target's metadata says")
	}
	return data, nil
}

// unpackedSize is how many bytes an update from one commit to another writes; ok
// is false where the statistics do not know. They are {to: {from: {size, u_size}}}.
func unpackedSize(stats []byte, from, to string) (size int64, ok bool, err error) {
	if len(stats) == 0 {
		return 0, false, nil
	}
	var all map[string]map[string]struct {
		Unpacked *uint64 `json:"u_size"`
	}
	if err := json.Unmarshal(stats, &all); err != nil {
		return 0, false, err
	}
	delta, ok := all[to][from]
	if !ok || delta.Unpacked == nil {
		return 0, false, nil
	}
	return int64(min(*delta.Unpacked, math.MaxInt64)), true, nil
}
