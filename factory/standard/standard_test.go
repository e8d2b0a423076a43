//go:build factory

package standard

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"

	"github.com/sotabox/sotabox/factory/keys"
	"github.com/sotabox/sotabox/factory/metadata"
)

// refresh does with go-tuf what a client does: the root chain from version 1,
// then timestamp, snapshot and targets.
func refresh(t *testing.T, dir string) (*trustedmetadata.TrustedMetadata, error) {
	t.Helper()
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		return data
	}
	trusted, err := trustedmetadata.New(read("1.root.json"))
	if err != nil {
		return nil, err
	}
	for version := int64(2); ; version++ {
		if _, err := os.Stat(filepath.Join(dir, rootFile(version))); err != nil {
			break
		}
		if _, err := trusted.UpdateRoot(read(rootFile(version))); err != nil {
			return nil, err
		}
	}
	if _, err := trusted.UpdateTimestamp(read("timestamp.json")); err != nil {
		return nil, err
	}
	if _, err := trusted.UpdateSnapshot(read("snapshot.json"), false); err != nil {
		return nil, err
	}
	_, err = trusted.UpdateTargets(read("targets.json"))
	return trusted, err
}

func TestGoTUFAcceptsWhatIsPublished(t *testing.T) {
	for _, typ := range []keys.Type{keys.ED25519, keys.RSA} {
		t.Run(string(typ), func(t *testing.T) {
			dir := t.TempDir()
			tufDir, keyDir := filepath.Join(dir, "tuf"), filepath.Join(dir, "keys")
			r, err := Create(tufDir, keyDir, typ, time.Now)
			require.NoError(t, err)
			target := metadata.Target{
				Hashes: map[string]string{"sha256": "00ff"},
				Custom: metadata.Custom{Version: "7", HardwareIDs: []string{"m"}, Format: "OSTREE"},
			}
			require.NoError(t, r.SetTarget("m-lmp-7", target))
			require.NoError(t, r.ChangeRoot(metadata.RootChange{Roles: map[metadata.Role]metadata.RoleChange{
				metadata.Root:      {Keys: 2, Threshold: 2, Type: typ},
				metadata.Timestamp: {Keys: 1, Threshold: 1, Type: typ},
			}}))

			trusted, err := refresh(t, tufDir)
			require.NoError(t, err)
			file := trusted.Targets["targets"].Signed.Targets["m-lmp-7"]
			require.Equal(t, "00ff", file.Hashes["sha256"].String())

			again, err := Open(tufDir, keyDir, time.Now)
			require.NoError(t, err)
			targets, err := again.Targets()
			require.NoError(t, err)
			require.Equal(t, target, targets["m-lmp-7"])
			version, err := again.RootVersion()
			require.NoError(t, err)
			require.EqualValues(t, 2, version)
			require.NoError(t, again.RemoveTarget("m-lmp-7"))
			_, err = refresh(t, tufDir)
			require.NoError(t, err)
		})
	}
}

func TestExpiredDocumentsAreRefusedByGoTUF(t *testing.T) {
	for _, role := range metadata.Roles() {
		dir := t.TempDir()
		r, err := Create(filepath.Join(dir, "tuf"), filepath.Join(dir, "keys"), keys.ED25519, time.Now)
		require.NoError(t, err)
		require.NoError(t, r.SetExpiry(role, time.Now().Add(-time.Hour)))
		_, err = refresh(t, filepath.Join(dir, "tuf"))
		require.ErrorContains(t, err, "expired", role)
	}
}
