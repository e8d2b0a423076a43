package client

import (
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/sotabox/sotabox/internal/atomicfile"
	"github.com/sotabox/sotabox/internal/state"
)

// identify names the target that a running commit belongs to: the current one,
// else the latest known one with this commit, else the one the device was
// provisioned with, else the initial target.
func identify(s state.State, running string, provisioned *Target) Target {
	if s.Current != nil && s.Current.Commit == running {
		return *s.Current
	}
	if t, ok := s.ByCommit(running); ok {
		return t
	}
	if provisioned != nil && provisioned.Commit == running {
		return *provisioned
	}
	return state.Initial(running)
}

// installedVersions is the file, below import.base_path, in which an image
// build says which target it contains.
const installedVersions = "installed_versions"

// provisioned is the target that the image was built from, nil if nothing says
// so or the device already has a history of its own.
func (c *Client) provisioned() *Target {
	if c.state.Current != nil || c.config.Import.BasePath == "" {
		return nil
	}
	dir, err := os.Open(c.config.Import.BasePath)
	if err != nil {
		return nil
	}
	defer dir.Close()
	data, err := atomicfile.Read(dir, installedVersions, 1<<20)
	if err != nil {
		return nil
	}
	t, err := parseInstalledVersions(data)
	if err != nil {
		c.log.Warn("ignoring "+filepath.Join(c.config.Import.BasePath, installedVersions), "err", err)
	}
	return t
}

// parseInstalledVersions reads both forms in the field: a map from target names
// to targets, one of them marked as current, and the older map from a commit to
// a target name.
func parseInstalledVersions(data []byte) (*Target, error) {
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(data, &entries); err != nil {
		return nil, err
	}
	for key, raw := range entries {
		var name string
		if json.Unmarshal(raw, &name) == nil {
			return &Target{Name: name, Version: -1, Commit: key}, nil
		}
		var entry struct {
			Current bool              `json:"is_current"`
			Hashes  map[string]string `json:"hashes"`
			Custom  json.RawMessage   `json:"custom"`
		}
		if err := json.Unmarshal(raw, &entry); err != nil {
			return nil, err
		}
		if entry.Current {
			return &Target{Name: key, Version: customVersion(entry.Custom), Commit: entry.Hashes["sha256"], Custom: entry.Custom}, nil
		}
	}
	return nil, nil
}

// customVersion is the target's version number, -1 without one.
func customVersion(custom json.RawMessage) int {
	var c struct {
		Version json.Number `json:"version"`
	}
	if json.Unmarshal(custom, &c) != nil {
		return -1
	}
	n, err := c.Version.Int64()
	if err != nil {
		return -1
	}
	return int(n)
}
