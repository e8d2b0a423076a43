package tuf

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/stretchr/testify/require"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// standardRepo is a repository of the standard dialect, made with go-tuf itself.
type standardRepo struct {
	t         testing.TB
	root      *metadata.Metadata[metadata.RootType]
	timestamp *metadata.Metadata[metadata.TimestampType]
	snapshot  *metadata.Metadata[metadata.SnapshotType]
	targets   *metadata.Metadata[metadata.TargetsType]
	signers   map[string]signature.Signer
	*testRepo // as a source
}

func newStandardRepo(t testing.TB, key crypto.PrivateKey) *standardRepo {
	expires := testNow.AddDate(1, 0, 0)
	r := &standardRepo{
		t: t, root: metadata.Root(expires), timestamp: metadata.Timestamp(expires), snapshot: metadata.Snapshot(expires),
		targets: metadata.Targets(expires), signers: map[string]signature.Signer{},
		testRepo: &testRepo{t: t, files: map[string][]byte{}, fail: map[string]error{}},
	}
	for _, role := range metadata.TOP_LEVEL_ROLE_NAMES {
		r.addKey(role, key)
	}
	custom, err := json.Marshal(testTarget(1)["custom"])
	require.NoError(t, err)
	raw := json.RawMessage(custom)
	file, err := metadata.TargetFile().FromBytes("dir/intel-lmp-1", []byte("content"))
	require.NoError(t, err)
	file.Custom = &raw
	r.targets.Signed.Targets["dir/intel-lmp-1"] = file
	r.publishRoot()
	r.publish()
	return r
}

func (r *standardRepo) addKey(role string, private crypto.PrivateKey) {
	if private == nil {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		require.NoError(r.t, err)
		private = key
	}
	key, err := metadata.KeyFromPublicKey(private.(crypto.Signer).Public())
	require.NoError(r.t, err)
	require.NoError(r.t, r.root.Signed.AddKey(key, role))
	if k, ok := private.(*rsa.PrivateKey); ok {
		r.signers[role], err = signature.LoadRSAPSSSigner(k, crypto.SHA256, &rsa.PSSOptions{Hash: crypto.SHA256})
	} else {
		r.signers[role], err = signature.LoadSigner(private, crypto.SHA256)
	}
	require.NoError(r.t, err)
}

func (r *standardRepo) publishRoot(also ...signature.Signer) {
	r.root.ClearSignatures()
	for _, s := range append(also, r.signers[metadata.ROOT]) {
		_, err := r.root.Sign(s)
		require.NoError(r.t, err)
	}
	data, err := r.root.ToBytes(true)
	require.NoError(r.t, err)
	r.files[rootFileName(r.root.Signed.Version)] = data
}

func (r *standardRepo) publish() {
	v := fmt.Sprint(r.targets.Signed.Version)
	data := standardSign(r.t, r.targets, r.signers[metadata.TARGETS])
	r.files[v+".targets.json"] = data
	r.snapshot.Signed.Meta["targets.json"] = standardMeta(data, r.targets.Signed.Version)
	data = standardSign(r.t, r.snapshot, r.signers[metadata.SNAPSHOT])
	r.files[fmt.Sprint(r.snapshot.Signed.Version)+".snapshot.json"] = data
	r.timestamp.Signed.Meta["snapshot.json"] = standardMeta(data, r.snapshot.Signed.Version)
	r.files["timestamp.json"] = standardSign(r.t, r.timestamp, r.signers[metadata.TIMESTAMP])
}

func (r *standardRepo) release() {
	r.targets.Signed.Version++
	r.snapshot.Signed.Version++
	r.timestamp.Signed.Version++
	r.publish()
}

func standardSign[T metadata.Roles](t testing.TB, m *metadata.Metadata[T], s signature.Signer) []byte {
	m.ClearSignatures()
	_, err := m.Sign(s)
	require.NoError(t, err)
	data, err := m.ToBytes(true)
	require.NoError(t, err)
	return data
}

func standardMeta(data []byte, version int64) *metadata.MetaFiles {
	sum := sha256.Sum256(data)
	return &metadata.MetaFiles{Version: version, Length: int64(len(data)), Hashes: metadata.Hashes{"sha256": sum[:]}}
}

func standardRootBytes(t testing.TB, version int64) []byte {
	r := newStandardRepo(t, nil)
	r.root.Signed.Version = version
	r.publishRoot()
	return r.files[rootFileName(version)]
}

func TestStandardKeyTypes(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	for name, key := range map[string]crypto.PrivateKey{"ed25519": nil, "rsa-pss": rsaKey, "ecdsa": ecKey} {
		t.Run(name, func(t *testing.T) {
			r := newStandardRepo(t, key)
			c := testClient(t, r, Config{})
			trusted, err := c.Refresh(t.Context())
			require.NoError(t, err)
			require.Equal(t, []string{"1.root.json", "2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"}, r.requests)
			require.Len(t, trusted.Targets, 1)
			require.Equal(t, "dir/intel-lmp-1", trusted.Targets[0].Name)
			require.Equal(t, 1, trusted.Targets[0].Version)
			require.Equal(t, int64(7), trusted.Targets[0].Length)

			r.requests = nil
			trusted, err = c.Refresh(t.Context())
			require.NoError(t, err)
			require.False(t, trusted.Changed)
			require.Equal(t, []string{"2.root.json", "timestamp.json"}, r.requests)

			r.release()
			r.replace("timestamp.json", `"version": 2`, `"version": 3`)
			_, err = c.Refresh(t.Context())
			require.ErrorIs(t, err, ErrInvalid)
		})
	}
}

func TestStandardAttacks(t *testing.T) {
	for _, a := range []struct {
		name string
		do   func(r *standardRepo)
		want error
		text string
	}{
		{"release", func(r *standardRepo) { r.release() }, nil, ""},
		{"snapshot of the same version, other content", func(r *standardRepo) {
			r.timestamp.Signed.Version++
			r.snapshot.Signed.Expires = testNow.AddDate(2, 0, 0)
			r.publish()
		}, nil, ""},
		{"older timestamp", func(r *standardRepo) { r.timestamp.Signed.Version = 4; r.publish() }, ErrRollback, "timestamp version 4 refused"},
		{"older snapshot", func(r *standardRepo) { r.timestamp.Signed.Version++; r.snapshot.Signed.Version = 4; r.publish() }, ErrRollback, "timestamp version 6 refused"},
		{"older targets", func(r *standardRepo) {
			r.timestamp.Signed.Version++
			r.snapshot.Signed.Version++
			r.targets.Signed.Version = 4
			r.publish()
		}, ErrInvalid, "snapshot version 6 refused"},
		{"expired timestamp", func(r *standardRepo) { r.timestamp.Signed.Expires = testNow.AddDate(0, 0, -1); r.release() }, ErrExpired, "timestamp version 6"},
		{"expired snapshot", func(r *standardRepo) { r.snapshot.Signed.Expires = testNow.AddDate(0, 0, -1); r.release() }, ErrExpired, "snapshot version 6"},
		{"expired targets", func(r *standardRepo) { r.targets.Signed.Expires = testNow.AddDate(0, 0, -1); r.release() }, ErrExpired, "targets version 6"},
		{"expired root", func(r *standardRepo) {
			r.root.Signed.Version++
			r.root.Signed.Expires = testNow.AddDate(0, 0, -1)
			r.publishRoot()
		}, ErrExpired, "root version 2"},
		{"rotated root", func(r *standardRepo) {
			old := r.signers[metadata.ROOT]
			r.root.Signed.Version++
			require.NoError(r.t, r.root.Signed.RevokeKey(r.root.Signed.Roles["root"].KeyIDs[0], "root"))
			r.addKey(metadata.ROOT, nil)
			r.publishRoot(old)
		}, nil, ""},
		{"root by the new key only", func(r *standardRepo) {
			r.root.Signed.Version++
			require.NoError(r.t, r.root.Signed.RevokeKey(r.root.Signed.Roles["root"].KeyIDs[0], "root"))
			r.addKey(metadata.ROOT, nil)
			r.publishRoot()
		}, ErrInvalid, "root version 2 refused"},
		{"root of the other dialect", func(r *standardRepo) {
			f := newTestRepo(r.t)
			f.bump(roleRoot)
			f.publishRoot()
			r.files["2.root.json"] = f.files["2.root.json"]
		}, ErrInvalid, "root version 2 refused"},
		{"timestamp of the other dialect", func(r *standardRepo) { r.files["timestamp.json"] = newTestRepo(r.t).files["timestamp.json"] }, ErrInvalid, "timestamp version 1 refused"},
		{"tampered targets", func(r *standardRepo) { r.release(); r.replace("6.targets.json", "hub.example", "bad.example") }, ErrInvalid, "targets version 6 refused"},
		{"network error at the next root", func(r *standardRepo) { r.fail["2.root.json"] = errors.New("reset") }, ErrFetch, "root version 2 could not be fetched"},
		{"null in place of a key", func(r *standardRepo) {
			r.files["2.root.json"] = []byte(`{"signatures":[],"signed":{"_type":"root","keys":{"a":null}}}`)
		}, ErrInvalid, `member "a" of "keys"`},
		{"timestamp without a snapshot", func(r *standardRepo) {
			r.timestamp.Signed.Version++
			r.timestamp.Signed.Meta = map[string]*metadata.MetaFiles{}
			r.files["timestamp.json"] = standardSign(r.t, r.timestamp, r.signers[metadata.TIMESTAMP])
		}, ErrInvalid, "does not name snapshot.json"},
	} {
		t.Run(a.name, func(t *testing.T) {
			r := newStandardRepo(t, nil)
			r.targets.Signed.Version, r.snapshot.Signed.Version, r.timestamp.Signed.Version = 5, 5, 5
			r.publish()
			c := testClient(t, r, Config{})
			_, err := c.Refresh(t.Context())
			require.NoError(t, err)
			stored := tree(t, c.cfg.Dir)
			a.do(r)
			_, err = c.Refresh(t.Context())
			if a.want == nil {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, a.want)
				require.ErrorContains(t, err, a.text)
				require.Equal(t, stored, tree(t, c.cfg.Dir))
			}
			_, err = c.Stored(t.Context())
			require.NoError(t, err)
		})
	}
}

func TestStandardFastForwardRecovery(t *testing.T) {
	r := newStandardRepo(t, nil)
	r.timestamp.Signed.Version = 99999
	r.publish()
	c := testClient(t, r, Config{})
	_, err := c.Refresh(t.Context())
	require.NoError(t, err)
	r.root.Signed.Version++
	require.NoError(t, r.root.Signed.RevokeKey(r.root.Signed.Roles["timestamp"].KeyIDs[0], "timestamp"))
	r.addKey(metadata.TIMESTAMP, nil)
	r.publishRoot()
	r.timestamp.Signed.Version = 2
	r.publish()
	trusted, err := c.Refresh(t.Context())
	require.NoError(t, err)
	require.Equal(t, int64(2), trusted.TimestampVersion)
}

func TestStandardStoredExpires(t *testing.T) {
	now := testNow
	r := newStandardRepo(t, nil)
	c := testClient(t, r, Config{Now: func() time.Time { return now }})
	_, err := c.Refresh(t.Context())
	require.NoError(t, err)
	now = now.AddDate(2, 0, 0)
	trusted, err := c.Stored(t.Context())
	require.ErrorIs(t, err, ErrExpired)
	require.True(t, strings.HasPrefix(err.Error(), "root version 1 refused: expired on"), err)
	require.Len(t, trusted.Targets, 1)
}
