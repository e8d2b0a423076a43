//go:build factory

package metadata

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/factory/keys"
)

// The checks below read the published files as plain JSON and share no type
// with the code that writes them.

type object = map[string]any

type published struct {
	t   *testing.T
	dir string
}

func (p published) document(name string) object {
	p.t.Helper()
	data, err := os.ReadFile(filepath.Join(p.dir, name))
	require.NoError(p.t, err)
	var doc object
	require.NoError(p.t, json.Unmarshal(data, &doc))
	return doc
}

func (p published) signed(name string) object { return p.document(name)["signed"].(object) }

// canonical of documents that hold nothing but ASCII without <, > and &:
// encoding/json sorts the keys of maps.
func canonical(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	require.NoError(t, err)
	return data
}

// signers counts the distinct keys of role in root whose signature on document
// is good.
func (p published) signers(document object, root object, role string) int {
	p.t.Helper()
	message := canonical(p.t, document["signed"])
	allowed := root["roles"].(object)[role].(object)["keyids"].([]any)
	good := 0
	for _, s := range document["signatures"].([]any) {
		id := s.(object)["keyid"].(string)
		if !slices.Contains(allowed, any(id)) {
			continue
		}
		key := root["keys"].(object)[id].(object)
		sig, err := base64.StdEncoding.DecodeString(s.(object)["sig"].(string))
		require.NoError(p.t, err)
		require.True(p.t, verifies(p.t, key, message, sig), "signature of %s", id)
		good++
	}
	return good
}

func verifies(t *testing.T, key object, message, sig []byte) bool {
	t.Helper()
	public := key["keyval"].(object)["public"].(string)
	require.NotContains(t, key["keyval"], "private")
	if key["keytype"] == "ED25519" {
		raw, err := hex.DecodeString(public)
		require.NoError(t, err)
		return ed25519.Verify(raw, message, sig)
	}
	block, _ := pem.Decode([]byte(public))
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	require.NoError(t, err)
	digest := sha256.Sum256(message)
	return rsa.VerifyPSS(parsed.(*rsa.PublicKey), crypto.SHA256, digest[:], sig, nil) == nil
}

// checkChain verifies every document as a client would, from version of root.
func (p published) checkChain(version string) {
	p.t.Helper()
	root := p.signed(version + ".root.json")
	for _, role := range []string{"targets", "snapshot", "timestamp"} {
		threshold := int(root["roles"].(object)[role].(object)["threshold"].(float64))
		require.GreaterOrEqual(p.t, p.signers(p.document(role+".json"), root, role), threshold, role)
	}
	p.checkPinned("timestamp.json", "snapshot.json")
	p.checkPinned("snapshot.json", "targets.json")
}

func (p published) checkPinned(above, below string) {
	p.t.Helper()
	entry := p.signed(above)["meta"].(object)[below].(object)
	whole := canonical(p.t, p.document(below))
	sum256, sum512 := sha256.Sum256(whole), sha512.Sum512(whole)
	require.Equal(p.t, hex.EncodeToString(sum256[:]), entry["hashes"].(object)["sha256"])
	require.Equal(p.t, hex.EncodeToString(sum512[:]), entry["hashes"].(object)["sha512"])
	require.EqualValues(p.t, len(whole), entry["length"])
	require.Equal(p.t, p.signed(below)["version"], entry["version"])
}

func newRepository(t *testing.T, typ keys.Type) (*Repository, published) {
	t.Helper()
	dir := t.TempDir()
	now := func() time.Time { return time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC) }
	r, err := Create(filepath.Join(dir, "tuf"), filepath.Join(dir, "keys"), typ, now)
	require.NoError(t, err)
	return r, published{t, filepath.Join(dir, "tuf")}
}

func TestNewRepositoryVerifies(t *testing.T) {
	for _, typ := range []keys.Type{keys.ED25519, keys.RSA} {
		_, p := newRepository(t, typ)
		p.checkChain("1")
		root := p.document("1.root.json")
		require.Equal(t, 1, p.signers(root, root["signed"].(object), "root"))
		require.Equal(t, "Root", p.signed("1.root.json")["_type"])
		require.Equal(t, false, p.signed("1.root.json")["consistent_snapshot"])
		require.Equal(t, "2031-01-02T03:04:05Z", p.signed("timestamp.json")["expires"])
	}
}

func TestTargetsComeAndGo(t *testing.T) {
	r, p := newRepository(t, keys.ED25519)
	target := Target{
		Hashes: map[string]string{"sha256": "ab"},
		Custom: Custom{Version: "1", HardwareIDs: []string{"m"}, Format: "OSTREE", Tags: []string{"main"}},
	}
	require.NoError(t, r.SetTarget("m-lmp-1", target))
	p.checkChain("1")
	entry := p.signed("targets.json")["targets"].(object)["m-lmp-1"].(object)
	require.EqualValues(t, 0, entry["length"])
	require.Equal(t, object{"version": "1", "hardwareIds": []any{"m"}, "targetFormat": "OSTREE", "tags": []any{"main"}}, entry["custom"])
	for _, role := range []string{"targets", "snapshot", "timestamp"} {
		require.EqualValues(t, 2, p.signed(role + ".json")["version"], role)
	}

	require.NoError(t, r.RemoveTarget("m-lmp-1"))
	require.Empty(t, p.signed("targets.json")["targets"])
	require.Error(t, r.RemoveTarget("m-lmp-1"))
}

func TestRootRotationIsSignedByOldAndNew(t *testing.T) {
	r, p := newRepository(t, keys.ED25519)
	require.NoError(t, r.ChangeRoot(RootChange{
		Changelog: "two of three, please",
		Roles: map[Role]RoleChange{
			Root:    {Keys: 3, Threshold: 2, Type: keys.ED25519},
			Targets: {Keys: 1, Threshold: 1, Type: keys.RSA},
		},
	}))
	old, next := p.signed("1.root.json"), p.document("2.root.json")
	require.Equal(t, 1, p.signers(next, old, "root"), "signed by the old key")
	require.Equal(t, 3, p.signers(next, next["signed"].(object), "root"), "signed by the new keys")
	require.EqualValues(t, 2, next["signed"].(object)["version"])
	require.NotContains(t, next["signed"].(object)["keys"], old["roles"].(object)["root"].(object)["keyids"].([]any)[0])
	require.Equal(t, "two of three, please", next["signed"].(object)["x-changelog"])
	p.checkChain("2")
	require.EqualValues(t, 2, p.signed("targets.json")["version"], "signed again with the new key")
}

func TestChangesSurviveReopening(t *testing.T) {
	r, p := newRepository(t, keys.ED25519)
	require.NoError(t, r.ChangeRoot(RootChange{Roles: map[Role]RoleChange{Root: {Keys: 1, Threshold: 1, Type: keys.ED25519}}}))
	again, err := Open(p.dir, filepath.Join(filepath.Dir(p.dir), "keys"), r.now)
	require.NoError(t, err)
	version, err := again.RootVersion()
	require.NoError(t, err)
	require.EqualValues(t, 2, version)
	require.NoError(t, again.SetTarget("t", Target{}))
	p.checkChain("2")
}

func TestExpiryOfEachRole(t *testing.T) {
	past := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, role := range Roles() {
		r, p := newRepository(t, keys.ED25519)
		require.NoError(t, r.SetExpiry(role, past))
		version, name := "1", string(role)+".json"
		if role == Root {
			version, name = "2", "2.root.json"
		}
		require.Equal(t, "2001-01-01T00:00:00Z", p.signed(name)["expires"])
		p.checkChain(version)
	}
}

func TestImpossibleThresholdIsRefused(t *testing.T) {
	r, p := newRepository(t, keys.ED25519)
	require.Error(t, r.ChangeRoot(RootChange{Roles: map[Role]RoleChange{Root: {Keys: 1, Threshold: 2, Type: keys.ED25519}}}))
	require.NoFileExists(t, filepath.Join(p.dir, "2.root.json"))
}

func TestMissingKeyIsNamed(t *testing.T) {
	_, p := newRepository(t, keys.ED25519)
	empty := t.TempDir()
	r, err := Open(p.dir, empty, time.Now)
	require.NoError(t, err)
	require.ErrorIs(t, r.SetTarget("t", Target{}), ErrNoKey)
}
