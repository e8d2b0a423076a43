package tuf

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// targetCollector gathers targets, and sets those aside that are malformed: a member that is there must be of the
// right form, and an OSTree target must have a commit, a version and one hardware identifier. Entries are added in order of
// name, which makes output reproducible.
type targetCollector struct {
	good []Target
	bad  []SkippedTarget
}

// addRaw adds an entry of the member "targets".
func (c *targetCollector) addRaw(name string, raw json.RawMessage) {
	members, err := parseObject(raw)
	if err != nil {
		c.skip(name, err)
		return
	}
	length, err := parseInt(members["length"])
	if err != nil {
		c.skip(name, fmt.Errorf("length: %w", err))
		return
	}
	hashes, err := parseObject(members["hashes"])
	if err != nil {
		c.skip(name, fmt.Errorf("hashes: %w", err))
		return
	}
	sum, err := parseHash(hashes["sha256"], 32)
	if err != nil {
		c.skip(name, fmt.Errorf("sha256: %w", err))
		return
	}
	c.add(name, length, sum, members["custom"])
}

func (c *targetCollector) add(name string, length int64, sha256 []byte, custom json.RawMessage) {
	t := Target{Name: name, Length: length, SHA256: hex.EncodeToString(sha256)}
	if custom != nil && string(custom) != "null" {
		t.Custom = custom
	}
	if err := parseTarget(&t); err != nil {
		c.skip(name, err)
		return
	}
	c.good = append(c.good, t)
}

func (c *targetCollector) skip(name string, err error) {
	c.bad = append(c.bad, SkippedTarget{Name: name, Reason: err.Error()})
}

func parseTarget(t *Target) error {
	if t.Name == "" || strings.ContainsFunc(t.Name, unicode.IsControl) {
		return errors.New("its name is empty or has control characters")
	}
	if t.Custom != nil {
		if err := parseCustom(t); err != nil {
			return err
		}
	}
	if t.Format != FormatOSTree {
		return nil
	}
	switch {
	case t.SHA256 == "":
		return errors.New("an OSTree target without a sha256")
	case t.Version == 0:
		return errors.New("an OSTree target without a version")
	case len(t.HardwareIDs) != 1:
		return fmt.Errorf("an OSTree target with %d hardware identifiers, not one", len(t.HardwareIDs))
	}
	return nil
}

func parseCustom(t *Target) error {
	err := scanObject(t.Custom, func(literal, value []byte) error {
		if string(value) == "null" {
			return nil
		}
		name, err := parseString(literal)
		if err == nil {
			err = parseCustomMember(t, name, value)
		}
		if err != nil {
			return fmt.Errorf("custom member %q: %w", name, err)
		}
		return nil
	})
	if errors.Is(err, errJSON) {
		return errors.New("custom: not an object")
	}
	return err
}

func parseCustomMember(t *Target, name string, raw json.RawMessage) (err error) {
	switch name {
	case "version":
		t.Version, err = targetVersion(raw)
	case "hardwareIds":
		t.HardwareIDs, err = parseStrings(raw)
	case "tags":
		t.Tags, err = parseStrings(raw)
	case "targetFormat":
		t.Format, err = parseString(raw)
	case "docker_compose_apps":
		t.Apps, err = parseApps(raw)
	case "delta-stats":
		t.DeltaStats, err = parseDeltaStats(raw)
	case "fetched-apps":
		t.FetchedApps, err = parseFetchedApps(raw)
	case "lmp-manifest-sha":
		t.ManifestSHA, err = parseString(raw)
	case "meta-subscriber-overrides-sha":
		t.OverridesSHA, err = parseString(raw)
	case "containers-sha":
		t.ContainersSHA, err = parseString(raw)
	case "arch":
		t.Arch, err = parseString(raw)
	case "image-file":
		t.ImageFile, err = parseString(raw)
	case "uri":
		t.URI, err = parseString(raw)
	case "createdAt":
		t.CreatedAt = optionalTime(raw)
	case "updatedAt":
		t.UpdatedAt = optionalTime(raw)
	}
	return err
}

// targetVersion parses a decimal string of at most 2^31-1, the range on every architecture. A number is not refused,
// since the C++ client takes it too.
func targetVersion(raw json.RawMessage) (int, error) {
	s, err := parseString(raw)
	if err != nil {
		s = string(raw)
	}
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%.32q is not a decimal number from 1 to 2147483647", s)
	}
	return int(n), nil
}

func parseApps(raw json.RawMessage) (map[string]App, error) {
	list, err := parseObject(raw)
	if err != nil {
		return nil, err
	}
	apps := make(map[string]App, len(list))
	for name, raw := range list {
		if name == "" || name == "." || name == ".." || strings.ContainsRune(name, '/') || strings.ContainsFunc(name, unicode.IsControl) {
			return nil, fmt.Errorf("%.64q cannot name an app", name)
		}
		members, err := parseObject(raw)
		if err != nil {
			return nil, fmt.Errorf("app %q: %w", name, err)
		}
		uri, err := parseString(members["uri"])
		if err != nil {
			return nil, fmt.Errorf("uri of app %q: %w", name, err)
		}
		apps[name] = App{URI: uri}
	}
	return apps, nil
}

func parseDeltaStats(raw json.RawMessage) (*DeltaStats, error) {
	members, err := parseObject(raw)
	if err != nil {
		return nil, err
	}
	sum, err := parseHash(members["sha256"], 32)
	if err != nil || sum == nil {
		return nil, errors.New("its sha256 is not 32 bytes in hexadecimal")
	}
	size, err := parseInt(members["size"])
	if err != nil {
		return nil, fmt.Errorf("its size: %w", err)
	}
	return &DeltaStats{SHA256: hex.EncodeToString(sum), Size: size}, nil
}

// parseFetchedApps takes the shortlist as the C++ client does, one string of names with commas or spaces between, or as an
// array of names.
func parseFetchedApps(raw json.RawMessage) (*FetchedApps, error) {
	members, err := parseObject(raw)
	if err != nil {
		return nil, err
	}
	var f FetchedApps
	if uri, ok := members["uri"]; ok && string(uri) != "null" {
		if f.URI, err = parseString(uri); err != nil {
			return nil, fmt.Errorf("its uri: %w", err)
		}
	}
	list, ok := members["shortlist"]
	if !ok || string(list) == "null" {
		return &f, nil
	}
	if names, err := parseString(list); err == nil {
		f.Shortlist = strings.FieldsFunc(names, func(r rune) bool { return r == ',' || r == ' ' })
		return &f, nil
	}
	if f.Shortlist, err = parseStrings(list); err != nil {
		return nil, fmt.Errorf("its shortlist: neither a string nor an array of strings")
	}
	return &f, nil
}

func optionalTime(raw json.RawMessage) time.Time {
	if s, err := parseString(raw); err == nil {
		if t, err := time.Parse(time.RFC3339, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
