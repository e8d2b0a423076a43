package tuf

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// testNow is the time of the device in all tests.
var testNow = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)

const (
	goodExpiry = "2031-01-01T00:00:00Z"
	pastExpiry = "2029-12-31T23:59:59Z"
)

// signer is a key pair with the name that a root gives it.
type signer struct {
	id     string
	method string
	key    crypto.Signer
}

func newSigner(t testing.TB, id string) *signer {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return &signer{id: id, method: MethodEd25519, key: key}
}

func newRSASigner(t testing.TB, id string, bits int) *signer {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	require.NoError(t, err)
	return &signer{id: id, method: MethodRSAPSSSHA256, key: key}
}

// as returns the same key under another name.
func (s *signer) as(id string) *signer { return &signer{id: id, method: s.method, key: s.key} }

func (s *signer) public(t testing.TB) map[string]any {
	switch pub := s.key.Public().(type) {
	case ed25519.PublicKey:
		return map[string]any{"keytype": "ED25519", "keyval": map[string]any{"public": hex.EncodeToString(pub)}}
	default:
		der, err := x509.MarshalPKIXPublicKey(pub)
		require.NoError(t, err)
		block := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
		return map[string]any{"keytype": "RSA", "keyval": map[string]any{"public": string(block)}}
	}
}

func (s *signer) sign(t testing.TB, message []byte) map[string]any {
	var sig []byte
	var err error
	if _, ok := s.key.(ed25519.PrivateKey); ok {
		sig, err = s.key.Sign(rand.Reader, message, crypto.Hash(0))
	} else {
		digest := sha256.Sum256(message)
		sig, err = s.key.Sign(rand.Reader, digest[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256})
	}
	require.NoError(t, err)
	return map[string]any{"keyid": s.id, "method": s.method, "sig": base64.StdEncoding.EncodeToString(sig)}
}

// testRole is what the publishing side has for one role.
type testRole struct {
	keys      []*signer
	threshold int
	version   int64
	expires   string
}

// testRepo is a repository of the factory dialect, and the source that serves it.
type testRepo struct {
	t       testing.TB
	roles   map[string]*testRole
	targets map[string]any
	rootTo  map[string]any // extra members of the signed root
	files   map[string][]byte

	requests []string
	fail     map[string]error
}

func newTestRepo(t testing.TB) *testRepo {
	r := &testRepo{t: t, roles: map[string]*testRole{}, files: map[string][]byte{}, fail: map[string]error{}, rootTo: map[string]any{}}
	for _, role := range []string{roleRoot, roleTimestamp, roleSnapshot, roleTargets} {
		r.roles[role] = &testRole{keys: []*signer{newSigner(t, role+"-key")}, threshold: 1, version: 1, expires: goodExpiry}
	}
	r.targets = map[string]any{"intel-lmp-1": testTarget(1)}
	r.publish()
	return r
}

func testTarget(version int) map[string]any {
	return map[string]any{
		"length": 0,
		"hashes": map[string]any{"sha256": strings.Repeat("ab", 32)},
		"custom": map[string]any{
			"version": fmt.Sprint(version), "hardwareIds": []string{"intel"}, "tags": []string{"main"}, "targetFormat": "OSTREE",
			"docker_compose_apps": map[string]any{"app": map[string]any{"uri": "hub.example/app@sha256:00"}},
		},
	}
}

func (r *testRepo) header(role string) map[string]any {
	return map[string]any{"_type": factoryTypes[role], "version": r.roles[role].version, "expires": r.roles[role].expires}
}

func (r *testRepo) root() map[string]any {
	keys, roles := map[string]any{}, map[string]any{}
	for name, role := range r.roles {
		ids := []string{}
		for _, key := range role.keys {
			keys[key.id] = key.public(r.t)
			ids = append(ids, key.id)
		}
		roles[name] = map[string]any{"keyids": ids, "threshold": role.threshold}
	}
	root := r.header(roleRoot)
	root["keys"], root["roles"], root["consistent_snapshot"] = keys, roles, false
	maps.Copy(root, r.rootTo)
	return root
}

func (r *testRepo) meta(role string) map[string]any {
	whole, err := Canonical(r.files[role+".json"])
	require.NoError(r.t, err)
	sum := sha256.Sum256(whole)
	return map[string]any{role + ".json": map[string]any{
		"version": r.roles[role].version, "length": len(whole), "hashes": map[string]any{"sha256": hex.EncodeToString(sum[:])},
	}}
}

// envelope signs and pretty-prints: white space is no part of what is signed or hashed.
func (r *testRepo) envelope(signed any, keys ...*signer) []byte {
	text, err := json.Marshal(signed)
	require.NoError(r.t, err)
	message, err := Canonical(text)
	require.NoError(r.t, err)
	signatures := []any{}
	for _, key := range keys {
		signatures = append(signatures, key.sign(r.t, message))
	}
	out, err := json.MarshalIndent(map[string]any{"signed": json.RawMessage(text), "signatures": signatures}, "", "  ")
	require.NoError(r.t, err)
	return out
}

// publishRoot signs the root with its own keys and those given.
func (r *testRepo) publishRoot(also ...*signer) {
	role := r.roles[roleRoot]
	r.files[rootFileName(role.version)] = r.envelope(r.root(), append(also, role.keys...)...)
}

func (r *testRepo) publishTargets() {
	signed := r.header(roleTargets)
	signed["targets"] = r.targets
	r.put(roleTargets, signed)
}

func (r *testRepo) publishSnapshot() {
	signed := r.header(roleSnapshot)
	signed["meta"] = r.meta(roleTargets)
	r.put(roleSnapshot, signed)
}

func (r *testRepo) publishTimestamp() {
	signed := r.header(roleTimestamp)
	signed["meta"] = r.meta(roleSnapshot)
	r.put(roleTimestamp, signed)
}

func (r *testRepo) put(role string, signed any) {
	r.files[role+".json"] = r.envelope(signed, r.roles[role].keys...)
}

// republish signs targets, snapshot and timestamp as they stand.
func (r *testRepo) republish() {
	r.publishTargets()
	r.publishSnapshot()
	r.publishTimestamp()
}

func (r *testRepo) publish() {
	r.publishRoot()
	r.republish()
}

// bump raises versions.
func (r *testRepo) bump(roles ...string) {
	for _, role := range roles {
		r.roles[role].version++
	}
}

// release publishes one more target with new versions of the three roles.
func (r *testRepo) release() {
	r.bump(roleTimestamp, roleSnapshot, roleTargets)
	v := int(r.roles[roleTargets].version)
	r.targets[fmt.Sprintf("intel-lmp-%d", v)] = testTarget(v)
	r.republish()
}

// rotate publishes a new root version in which a role has new keys, signed by old and new root keys.
func (r *testRepo) rotate(role string) {
	old := r.roles[roleRoot].keys
	r.bump(roleRoot)
	r.roles[role].keys = []*signer{newSigner(r.t, fmt.Sprintf("%s-key-%d", role, r.roles[roleRoot].version))}
	r.publishRoot(without(old, r.roles[roleRoot].keys)...)
}

func without(list, drop []*signer) []*signer {
	var out []*signer
next:
	for _, s := range list {
		for _, d := range drop {
			if s == d {
				continue next
			}
		}
		out = append(out, s)
	}
	return out
}

// edit changes the signed part of a published file and signs it again.
func (r *testRepo) edit(role string, change func(signed map[string]any)) {
	name := role + ".json"
	if role == roleRoot {
		name = rootFileName(r.roles[roleRoot].version)
	}
	var doc struct{ Signed map[string]any }
	d := json.NewDecoder(strings.NewReader(string(r.files[name])))
	d.UseNumber()
	require.NoError(r.t, d.Decode(&doc))
	change(doc.Signed)
	r.files[name] = r.envelope(doc.Signed, r.roles[role].keys...)
}

// replace changes the bytes of a published file and nothing else.
func (r *testRepo) replace(name, old, with string) {
	require.Contains(r.t, string(r.files[name]), old)
	r.files[name] = []byte(strings.Replace(string(r.files[name]), old, with, 1))
}

func (r *testRepo) Fetch(_ context.Context, name string, limit int64) ([]byte, error) {
	r.requests = append(r.requests, name)
	if err := r.fail[name]; err != nil {
		return nil, err
	}
	data, ok := r.files[name]
	if !ok {
		return nil, fmt.Errorf("%w: HTTP status 404", ErrNotFound)
	}
	if int64(len(data)) > limit {
		return data[:limit+1], nil
	}
	return data, nil
}
