//go:build factory

package metadata

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/sotabox/sotabox/factory/keys"
	"github.com/sotabox/sotabox/tuf"
)

// Role is a top-level TUF role by the name root metadata gives it.
type Role string

// The top-level roles.
const (
	Root      Role = "root"
	Targets   Role = "targets"
	Snapshot  Role = "snapshot"
	Timestamp Role = "timestamp"
)

// Roles lists the top-level roles from the root of trust downwards.
func Roles() []Role { return []Role{Root, Targets, Snapshot, Timestamp} }

// expiresLayout is the only form of a date the dialect allows.
const expiresLayout = "2006-01-02T15:04:05Z"

// header is what every role's signed part begins with.
type header struct {
	Type    string `json:"_type"`
	Expires string `json:"expires"`
	Version int64  `json:"version"`
}

func newHeader(typ string, version int64, expires time.Time) header {
	return header{Type: typ, Version: version, Expires: expires.UTC().Format(expiresLayout)}
}

type rootSigned struct {
	header
	ConsistentSnapshot bool                   `json:"consistent_snapshot"`
	Keys               map[string]keys.Public `json:"keys"`
	Roles              map[Role]RoleKeys      `json:"roles"`
	Changelog          string                 `json:"x-changelog,omitempty"`
}

// RoleKeys says which keys may sign a role and how many of them must.
type RoleKeys struct {
	KeyIDs    []string `json:"keyids"`
	Threshold int      `json:"threshold"`
}

type targetsSigned struct {
	header
	Targets map[string]Target `json:"targets"`
}

// Target is one entry of targets metadata. Its content is the OSTree commit
// named by the sha256 hash; length is 0 for such targets.
type Target struct {
	Length int64             `json:"length"`
	Hashes map[string]string `json:"hashes"`
	Custom Custom            `json:"custom"`
}

// Custom is what a factory says about a target beyond TUF.
type Custom struct {
	Version     string         `json:"version"`
	HardwareIDs []string       `json:"hardwareIds"`
	Format      string         `json:"targetFormat"`
	Tags        []string       `json:"tags"`
	Apps        map[string]App `json:"docker_compose_apps,omitempty"`
	ManifestSHA string         `json:"lmp-manifest-sha,omitempty"`
	Arch        string         `json:"arch,omitempty"`
	CreatedAt   string         `json:"createdAt,omitempty"`
	UpdatedAt   string         `json:"updatedAt,omitempty"`
}

// App is where a compose app of a target comes from.
type App struct {
	URI string `json:"uri"`
}

// metaSigned is the signed part of snapshot and timestamp.
type metaSigned struct {
	header
	Meta map[string]fileMeta `json:"meta"`
}

// fileMeta pins another document: hashes and length are of its canonical form,
// signatures included.
type fileMeta struct {
	Hashes  map[string]string `json:"hashes"`
	Length  int               `json:"length"`
	Version int64             `json:"version"`
}

type signature struct {
	KeyID  string `json:"keyid"`
	Method string `json:"method"`
	Sig    string `json:"sig"`
}

type envelope struct {
	Signatures []signature     `json:"signatures"`
	Signed     json.RawMessage `json:"signed"`
}

// sign wraps signed in an envelope with one signature per key.
func sign(signed any, signers []*keys.Key) ([]byte, error) {
	raw, err := json.Marshal(signed)
	if err != nil {
		return nil, err
	}
	message, err := tuf.Canonical(raw)
	if err != nil {
		return nil, err
	}
	doc := envelope{Signed: raw, Signatures: []signature{}}
	for _, key := range signers {
		method, sig, err := key.Sign(message)
		if err != nil {
			return nil, fmt.Errorf("sign with key %s: %w", key.ID(), err)
		}
		doc.Signatures = append(doc.Signatures, signature{KeyID: key.ID(), Method: method, Sig: sig})
	}
	return doc.encode()
}

func (doc envelope) encode() ([]byte, error) {
	out, err := json.MarshalIndent(doc, "", "  ")
	return append(out, '\n'), err
}

// describe makes the entry that pins document in the role above it.
func describe(document []byte, version int64) (fileMeta, error) {
	canonical, err := tuf.Canonical(document)
	if err != nil {
		return fileMeta{}, err
	}
	sum256, sum512 := sha256.Sum256(canonical), sha512.Sum512(canonical)
	return fileMeta{
		Hashes: map[string]string{
			"sha256": hex.EncodeToString(sum256[:]),
			"sha512": hex.EncodeToString(sum512[:]),
		},
		Length:  len(canonical),
		Version: version,
	}, nil
}
