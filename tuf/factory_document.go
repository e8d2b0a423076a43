package tuf

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// document is a parsed document of the factory dialect: verified by nobody yet.
type document struct {
	role       string
	whole      []byte // canonical form of the whole file: what hashes and lengths are over
	signed     []byte // canonical form of the member "signed": what signatures are over
	signatures []Signature
	members    map[string]json.RawMessage // of "signed"
	version    int64
	expires    time.Time
}

// parseDocument checks what all four roles have in common. The type names are those of the factory dialect, so a
// document of the standard dialect is refused here.
func parseDocument(role string, data []byte) (*document, error) {
	whole, err := canonical(data)
	if err != nil {
		return nil, refused(role, 0, err)
	}
	e, err := parseEnvelope(whole)
	if err != nil {
		return nil, refused(role, 0, err)
	}
	members, err := parseObject(e.Signed)
	if err != nil {
		return nil, refused(role, 0, err)
	}
	d := &document{role: role, whole: whole, signed: e.Signed, signatures: e.Signatures, members: members}
	if d.version, err = parseVersion(members["version"]); err != nil {
		return nil, refused(role, 0, fmt.Errorf(`member "version": %w`, err))
	}
	kind, err := parseString(members["_type"])
	if err != nil {
		return nil, d.refused(`member "_type": %w`, err)
	}
	if kind != factoryTypes[role] {
		return nil, d.refused("its type is %.64q, not %q", kind, factoryTypes[role])
	}
	if d.expires, err = parseTime(members["expires"]); err != nil {
		return nil, d.refused(`member "expires": %w`, err)
	}
	return d, nil
}

// factoryTypes maps roles to the values of "_type".
var factoryTypes = map[string]string{
	roleRoot:      "Root",
	roleTimestamp: "Timestamp",
	roleSnapshot:  "Snapshot",
	roleTargets:   "Targets",
}

func (d *document) refused(format string, args ...any) error {
	return refused(d.role, d.version, fmt.Errorf(format, args...))
}

// notBefore refuses d if what it replaces was trusted and is newer, or has the same version and says something else.
// Other signatures over the same content are no difference: after a rotation of its keys a role signs again what it
// signed before. With laterExpiry, content of the same version may differ if it expires later (spec/tuf.md: timestamp).
func (d *document) notBefore(trusted *document, laterExpiry bool) error {
	switch {
	case trusted == nil || d.version > trusted.version:
		return nil
	case d.version < trusted.version:
		return rollback(d.role, d.version, fmt.Sprintf("older than version %d, which is trusted", trusted.version))
	case bytes.Equal(d.signed, trusted.signed):
		return nil
	case !laterExpiry:
		return d.refused("differs from the trusted document of the same version")
	case !d.expires.After(trusted.expires):
		return d.refused("differs from the trusted document of the same version and does not expire later")
	}
	return nil
}

// meta returns what d, a timestamp or a snapshot, says about the file of another role. A snapshot may name the targets by
// version alone: they are signed offline and stand for themselves. The C++ client makes the same difference.
func (d *document) meta(role string) (*fileMeta, error) {
	files, err := parseObject(d.members["meta"])
	if err != nil {
		return nil, d.refused(`member "meta": %w`, err)
	}
	m, err := parseFileMeta(files[role+".json"], d.role == roleTimestamp)
	if err != nil {
		return nil, d.refused(`member "%s.json" of "meta": %w`, role, err)
	}
	return m, nil
}

func refused(role string, version int64, err error) error {
	return &Error{Role: role, Version: version, Class: ErrInvalid, Reason: err.Error(), Err: err}
}

func rollback(role string, version int64, reason string) error {
	return &Error{Role: role, Version: version, Class: ErrInvalid, Reason: reason, Err: ErrRollback}
}

// claimedVersion reads the version of a document of either dialect for an error message; 0 if it has none.
func claimedVersion(data []byte) int64 {
	signed, err := signedMembers(data)
	if err != nil {
		return 0
	}
	version, err := parseVersion(signed["version"])
	if err != nil {
		return 0
	}
	return version
}

func signedMembers(data []byte) (map[string]json.RawMessage, error) {
	members, err := parseObject(data)
	if err != nil {
		return nil, errors.New("not a JSON object")
	}
	signed, err := parseObject(members["signed"])
	if err != nil {
		return nil, fmt.Errorf(`member "signed": %w`, err)
	}
	return signed, nil
}
