//go:build factory

package factory

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/factory/keys"
	"github.com/sotabox/sotabox/factory/metadata"
	"github.com/sotabox/sotabox/tuf"
)

// dirSource is a gateway that is a directory.
type dirSource string

func (d dirSource) Fetch(_ context.Context, name string, _ int64) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(string(d), name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(tuf.ErrNotFound, err)
	}
	return data, err
}

// TestDevicesTrustWhatIsPublished follows a factory through its life with the
// verifier that devices use, for both dialects and both types of key.
func TestDevicesTrustWhatIsPublished(t *testing.T) {
	for _, dialect := range []Dialect{FactoryDialect, StandardDialect} {
		for _, typ := range []keys.Type{keys.ED25519, keys.RSA} {
			t.Run(string(dialect)+"/"+string(typ), func(t *testing.T) {
				f := newFactory(t, func(s *Settings) { s.Dialect, s.KeyType = dialect, typ })
				device, err := tuf.New(tuf.Config{
					Source: dirSource(f.TUF()), Dir: filepath.Join(t.TempDir(), "tuf"),
					Now: time.Now, Log: slog.New(slog.DiscardHandler),
				})
				require.NoError(t, err)
				refresh := func() *tuf.Trusted {
					t.Helper()
					trusted, err := device.Refresh(context.Background())
					require.NoError(t, err)
					return trusted
				}
				require.Empty(t, refresh().Targets)

				p := publish(t, f, Version{Number: 1})
				trusted := refresh()
				require.Len(t, trusted.Targets, 1)
				require.Equal(t, p.Name, trusted.Targets[0].Name)
				require.Equal(t, p.Commit.String(), trusted.Targets[0].SHA256)
				require.Equal(t, 1, trusted.Targets[0].Version)
				require.Equal(t, []string{f.HardwareID}, trusted.Targets[0].HardwareIDs)

				for range 2 {
					two := metadata.RoleChange{Keys: 2, Threshold: 2, Type: typ}
					require.NoError(t, f.Metadata.ChangeRoot(metadata.RootChange{Roles: map[metadata.Role]metadata.RoleChange{
						metadata.Root: two, metadata.Targets: two, metadata.Timestamp: two,
					}}))
				}
				require.EqualValues(t, 3, refresh().RootVersion)

				require.NoError(t, f.Metadata.SetExpiry(metadata.Timestamp, time.Now().Add(-time.Hour)))
				_, err = device.Refresh(context.Background())
				require.ErrorIs(t, err, tuf.ErrExpired)
			})
		}
	}
}
