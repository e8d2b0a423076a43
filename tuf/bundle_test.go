package tuf

import (
	"bytes"
	"log/slog"
	"maps"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// testBundle is the repository as it was when a bundle was made of it.
type testBundle struct {
	*testRepo
	signed map[string]any
	keys   []*signer
}

// bundle takes a copy of the published files and adds what a bundle has besides.
func (r *testRepo) bundle(targets ...string) *testBundle {
	copied := *r
	copied.files, copied.fail = maps.Clone(r.files), map[string]error{}
	b := &testBundle{&copied, map[string]any{
		"_type": "Targets", "version": 3, "expires": goodExpiry,
		bundleMember: map[string]any{"type": "ci", "tag": "main", "targets": targets},
	}, r.roles[roleTargets].keys}
	b.sign()
	return b
}

func (b *testBundle) sign() { b.files[bundleFile] = b.envelope(b.signed, b.keys...) }

func (b *testBundle) offline() map[string]any { return b.signed[bundleMember].(map[string]any) }

func TestBundleCases(t *testing.T) {
	for _, tt := range bundleCases {
		t.Run(tt.name, func(t *testing.T) {
			r := newTestRepo(t)
			cfg, o := Config{Dir: filepath.Join(t.TempDir(), "tuf")}, BundleOptions{}
			_, err := testClient(t, r, cfg).Refresh(t.Context())
			require.NoError(t, err)
			before := tree(t, cfg.Dir)
			r.release()
			b := r.bundle("intel-lmp-2", "intel-lmp-7")
			if tt.do != nil {
				tt.do(r, b)
			}
			if tt.device != nil {
				tt.device(&cfg, &o)
			}
			info, trusted, err := testClient(t, b, cfg).CheckBundle(t.Context(), o)
			if tt.want != nil {
				require.ErrorIs(t, err, tt.want)
				require.ErrorContains(t, err, tt.text)
				require.Equal(t, 1, classes(err), "one class: %v", err)
				require.NotContains(t, err.Error(), "\n")
				require.Nil(t, info)
				require.Nil(t, trusted)
				require.Equal(t, before, tree(t, cfg.Dir), "the store is as it was, byte for byte")
				return
			}
			require.NoError(t, err)
			require.True(t, trusted.Changed)
			require.Equal(t, int64(2), trusted.TargetsVersion)
			if b.files[bundleFile] == nil {
				require.Nil(t, info)
				require.Len(t, trusted.Targets, 2)
				return
			}
			require.Equal(t, &BundleInfo{
				Type: b.offline()["type"].(string), Tag: "main", Targets: []string{"intel-lmp-2", "intel-lmp-7"}, Version: 3,
				Expires: time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC),
			}, info)
			require.Len(t, trusted.Targets, 1, "what the metadata has and the bundle lists")
			require.Equal(t, "intel-lmp-2", trusted.Targets[0].Name)
		})
	}
}

// A bundle whose metadata is older than the device's is good for the targets that the device still trusts.
func TestBundleOlderThanDevice(t *testing.T) {
	var log bytes.Buffer
	r := newTestRepo(t)
	r.roles[roleTimestamp].expires = "2030-01-01T12:00:01Z" // as good as over
	r.release()
	b := r.bundle("intel-lmp-1", "intel-lmp-2")
	r.roles[roleTimestamp].expires = goodExpiry
	delete(r.targets, "intel-lmp-1") // withdrawn
	r.release()
	now := testNow
	cfg := Config{Dir: filepath.Join(t.TempDir(), "tuf"), Now: func() time.Time { return now }, Log: slog.New(slog.NewTextHandler(&log, nil))}
	_, err := testClient(t, r, cfg).Refresh(t.Context())
	require.NoError(t, err)
	before := tree(t, cfg.Dir)
	now = now.Add(time.Hour) // by now the bundle's timestamp is expired too

	_, trusted, err := testClient(t, b, cfg).CheckBundle(t.Context(), BundleOptions{})
	require.NoError(t, err)
	require.Contains(t, log.String(), "older than the stored one")
	require.False(t, trusted.Changed)
	require.Equal(t, int64(3), trusted.TargetsVersion)
	require.Len(t, trusted.Targets, 1)
	require.Equal(t, "intel-lmp-2", trusted.Targets[0].Name)
	require.Equal(t, before, tree(t, cfg.Dir))

	now = now.AddDate(2, 0, 0) // and now everything is
	b.signed["expires"] = "2040-01-01T00:00:00Z"
	b.sign()
	_, _, err = testClient(t, b, cfg).CheckBundle(t.Context(), BundleOptions{})
	require.ErrorIs(t, err, ErrExpired)
	require.Equal(t, before, tree(t, cfg.Dir))
}

// An older bundle can bring a newer root. It is kept, and what the device has must do for it.
func TestOlderBundleWithNewerRoot(t *testing.T) {
	for name, tt := range map[string]struct {
		rotate func(r *testRepo)
		want   error
	}{
		"other root key": {func(r *testRepo) { r.rotate(roleRoot) }, nil},
		"threshold of targets raised": {func(r *testRepo) {
			role := r.roles[roleTargets]
			role.threshold, role.keys = 2, append(role.keys, role.keys[0].as("again"))
			r.bump(roleRoot)
			r.publishRoot()
		}, ErrBundle},
		"threshold of the timestamp raised": {func(r *testRepo) {
			// The bundle's older timestamp has both signatures, the stored one has not.
			twoOf(r, roleTimestamp)
			r.roles[roleTimestamp].version = 1
			r.publishTimestamp()
		}, ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			r := newTestRepo(t)
			old := r.bundle("intel-lmp-1")
			r.release()
			cfg := Config{Dir: filepath.Join(t.TempDir(), "tuf")}
			_, err := testClient(t, r, cfg).Refresh(t.Context())
			require.NoError(t, err)
			before := tree(t, cfg.Dir)
			tt.rotate(r)
			old.files["2.root.json"] = r.files["2.root.json"]
			if r.roles[roleTimestamp].version == 1 {
				old.files["timestamp.json"] = r.files["timestamp.json"]
			}
			_, trusted, err := testClient(t, old, cfg).CheckBundle(t.Context(), BundleOptions{})
			if tt.want != nil {
				require.ErrorIs(t, err, tt.want)
				require.Equal(t, before, tree(t, cfg.Dir))
				return
			}
			require.NoError(t, err)
			require.True(t, trusted.Changed)
			require.Equal(t, int64(2), trusted.RootVersion)
			require.Equal(t, int64(2), trusted.TargetsVersion)
			stored, err := testClient(t, old, cfg).Stored(t.Context())
			require.NoError(t, err)
			require.Equal(t, int64(2), stored.RootVersion)
		})
	}
}

// Roots in a bundle may start late. What comes before them must be on the device.
func TestBundleRootsStartLate(t *testing.T) {
	no := false
	r := newTestRepo(t)
	for range 3 {
		r.rotate(roleRoot)
	}
	b := r.bundle("intel-lmp-1")
	delete(b.files, "1.root.json")
	delete(b.files, "2.root.json")
	provisioned := provision(t, r, "ci/1.root.json", "ci/2.root.json")

	_, trusted, err := testClient(t, b, Config{RootDir: provisioned, Production: &no}).CheckBundle(t.Context(), BundleOptions{})
	require.NoError(t, err)
	require.Equal(t, int64(4), trusted.RootVersion)

	_, _, err = testClient(t, b, Config{}).CheckBundle(t.Context(), BundleOptions{})
	require.ErrorIs(t, err, ErrNotFound, "a device that trusts nothing yet")
	require.ErrorContains(t, err, "root version 1 not found")
}

func TestBundleOfDirectory(t *testing.T) {
	b := newTestRepo(t).bundle("intel-lmp-1")
	_, trusted, err := testClient(t, Dir(writeFiles(t, b.files)), Config{}).CheckBundle(t.Context(), BundleOptions{})
	require.NoError(t, err)
	require.Len(t, trusted.Targets, 1)
	_, _, err = testClient(t, Dir(t.TempDir()), Config{}).CheckBundle(t.Context(), BundleOptions{})
	require.ErrorIs(t, err, ErrNotFound)
}

func TestStandardDialectHasNoBundles(t *testing.T) {
	r := newStandardRepo(t, nil)
	r.files[bundleFile] = newTestRepo(t).bundle("x").files[bundleFile]
	_, _, err := testClient(t, r, Config{}).CheckBundle(t.Context(), BundleOptions{})
	require.ErrorIs(t, err, ErrBundle)
	delete(r.files, bundleFile)
	_, trusted, err := testClient(t, r, Config{}).CheckBundle(t.Context(), BundleOptions{AllowUnsigned: true})
	require.NoError(t, err)
	require.Len(t, trusted.Targets, 1)
}

func FuzzBundle(f *testing.F) {
	r := newTestRepo(f)
	b := r.bundle("intel-lmp-1")
	f.Add(b.files[bundleFile])
	f.Add(b.files["targets.json"])
	f.Add([]byte(`{"signatures":[],"signed":{"_type":"x","version":1,"expires":"2031-01-01T00:00:00Z","x-fio-offline-bundle":{"type":"ci","tag":"","targets":[]}}}`))
	d, err := openRoot(r.files["1.root.json"], testNow)
	require.NoError(f, err)
	genuine, err := d.openBundle(b.files[bundleFile])
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, data []byte) {
		info, err := d.openBundle(data)
		if err != nil {
			require.ErrorIs(t, err, ErrBundle)
			require.NotErrorIs(t, err, ErrInvalid)
			return
		}
		require.Equal(t, genuine, info, "forged")
	})
}
