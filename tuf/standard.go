package tuf

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"
)

// standardDialect implements dialect for metadata of the TUF specification 1.0, verified by go-tuf.
type standardDialect struct {
	trusted *trustedmetadata.TrustedMetadata
	stored  *set // what remember was given, or nil
}

func openStandard(data []byte, now time.Time) (dialect, error) {
	if err := checkStandard(roleRoot, data); err != nil {
		return nil, err
	}
	trusted, err := trustedmetadata.New(data)
	if err != nil {
		return nil, standardError(roleRoot, data, err)
	}
	trusted.RefTime = now
	return &standardDialect{trusted: trusted}, nil
}

func (s *standardDialect) updateRoot(data []byte) error {
	if err := checkStandard(roleRoot, data); err != nil {
		return err
	}
	_, err := s.trusted.UpdateRoot(data)
	return standardError(roleRoot, data, err)
}

// remember loads the stored timestamp. One that does not verify with the current root is forgotten, which is how a
// repository recovers from a fast-forward attack; one that expired is kept for its version.
func (s *standardDialect) remember(stored *set) {
	s.stored = stored
	if checkStandard(roleTimestamp, stored.timestamp) == nil {
		_, _ = s.trusted.UpdateTimestamp(stored.timestamp)
	}
}

func (s *standardDialect) updateTimestamp(data []byte) (bool, error) {
	if err := checkStandard(roleTimestamp, data); err != nil {
		return false, err
	}
	_, err := s.trusted.UpdateTimestamp(data)
	if errors.Is(err, &metadata.ErrEqualVersionNumber{}) {
		return false, nil
	}
	if errors.Is(err, &metadata.ErrBadVersionNumber{}) {
		return false, rollback(roleTimestamp, claimedVersion(data), err.Error())
	}
	return err == nil, standardError(roleTimestamp, data, err)
}

func (s *standardDialect) snapshotName() string {
	return s.fileName(roleSnapshot, s.trusted.Timestamp.Signed.Meta)
}

func (s *standardDialect) keepSnapshot() bool {
	if s.stored == nil || checkStandard(roleSnapshot, s.stored.snapshot) != nil {
		return false
	}
	// Loaded even if the hash differs, for its versions guard against rollback.
	_, err := s.trusted.UpdateSnapshot(s.stored.snapshot, true)
	return err == nil && s.trusted.Timestamp.Signed.Meta["snapshot.json"].VerifyLengthHashes(s.stored.snapshot) == nil
}

func (s *standardDialect) updateSnapshot(data []byte) error {
	if err := checkStandard(roleSnapshot, data); err != nil {
		return err
	}
	_, err := s.trusted.UpdateSnapshot(data, false)
	return standardError(roleSnapshot, data, err)
}

func (s *standardDialect) targetsName() string {
	return s.fileName(roleTargets, s.trusted.Snapshot.Signed.Meta)
}

func (s *standardDialect) keepTargets() bool {
	if s.stored == nil || checkStandard(roleTargets, s.stored.targets) != nil {
		return false
	}
	_, err := s.trusted.UpdateTargets(s.stored.targets)
	return err == nil
}

func (s *standardDialect) updateTargets(data []byte) error {
	if err := checkStandard(roleTargets, data); err != nil {
		return err
	}
	_, err := s.trusted.UpdateTargets(data)
	return standardError(roleTargets, data, err)
}

// fileName has the version in front in a repository with consistent snapshots.
func (s *standardDialect) fileName(role string, files map[string]*metadata.MetaFiles) string {
	name := role + ".json"
	if s.trusted.Root.Signed.ConsistentSnapshot {
		return fmt.Sprintf("%d.%s", files[name].Version, name)
	}
	return name
}

func (s *standardDialect) current(role string) (int64, time.Time) {
	switch role {
	case roleRoot:
		return s.trusted.Root.Signed.Version, s.trusted.Root.Signed.Expires
	case roleTimestamp:
		return s.trusted.Timestamp.Signed.Version, s.trusted.Timestamp.Signed.Expires
	case roleSnapshot:
		return s.trusted.Snapshot.Signed.Version, s.trusted.Snapshot.Signed.Expires
	}
	signed := s.trusted.Targets[metadata.TARGETS].Signed
	return signed.Version, signed.Expires
}

func (s *standardDialect) targets() ([]Target, []SkippedTarget) {
	var c targetCollector
	files := s.trusted.Targets[metadata.TARGETS].Signed.Targets
	for _, name := range slices.Sorted(maps.Keys(files)) {
		file := files[name]
		sum := file.Hashes["sha256"]
		if len(sum) != 0 && len(sum) != 32 {
			c.skip(name, errors.New("sha256: not 32 bytes in hexadecimal"))
			continue
		}
		if file.Custom == nil {
			c.add(name, file.Length, sum, nil)
			continue
		}
		c.add(name, file.Length, sum, bytes.TrimSpace(*file.Custom))
	}
	return c.good, c.bad
}

// checkStandard refuses what go-tuf would misread or trip over: JSON with more than one reading, null where it expects
// an object, and a timestamp or snapshot without the one file that it is there to name.
func checkStandard(role string, data []byte) error {
	version := claimedVersion(data)
	if _, err := canonical(data); err != nil {
		return refused(role, version, err)
	}
	signed, err := signedMembers(data)
	if err != nil {
		return refused(role, version, err)
	}
	for _, name := range []string{"keys", "roles", "meta", "targets"} {
		raw, ok := signed[name]
		if !ok {
			continue
		}
		list, err := parseObject(raw)
		if err != nil {
			return refused(role, version, fmt.Errorf("member %q: %w", name, err))
		}
		for item, raw := range list {
			if _, err := parseObject(raw); err != nil {
				return refused(role, version, fmt.Errorf("member %.64q of %q: %w", item, name, err))
			}
		}
	}
	next, ok := map[string]string{roleTimestamp: "snapshot.json", roleSnapshot: "targets.json"}[role]
	if !ok {
		return nil
	}
	files, err := parseObject(signed["meta"])
	if err != nil {
		return refused(role, version, fmt.Errorf(`member "meta": %w`, err))
	}
	if _, ok := files[next]; !ok {
		return refused(role, version, fmt.Errorf("it does not name %s", next))
	}
	return nil
}

// standardError turns an error of go-tuf into one of this package.
func standardError(role string, data []byte, err error) error {
	if err == nil {
		return nil
	}
	class := ErrInvalid
	if errors.Is(err, &metadata.ErrExpiredMetadata{}) {
		class = ErrExpired
	}
	return &Error{Role: role, Version: claimedVersion(data), Class: class, Reason: err.Error(), Err: err}
}
