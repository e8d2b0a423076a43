package delta

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// TestPaths has the example of docs/formats.md.
func TestPaths(t *testing.T) {
	from, err := object.ParseChecksum("1a94f265a56eb768d714f5a73b82c988a11d453bcec3f985502b48296d4d217d")
	require.NoError(t, err)
	to, err := object.ParseChecksum("2fc7fe5550e410128d73535c77e98352b495478132c9b4060a4b8ab640e74f09")
	require.NoError(t, err)
	require.Equal(t, "deltas/Gp/TyZaVut2jXFPWnO4LJiKEdRTvOw_mFUCtIKW1NIX0-L8f+VVDkEBKNc1Ncd+mDUrSVR4EyybQGCkuKtkDnTwk", Dir(from, to))
	require.Equal(t, "deltas/L8/f+VVDkEBKNc1Ncd+mDUrSVR4EyybQGCkuKtkDnTwk/superblock", SuperblockPath(object.Checksum{}, to))
	require.Equal(t, "delta-indexes/L8/f+VVDkEBKNc1Ncd+mDUrSVR4EyybQGCkuKtkDnTwk.index", IndexPath(to))
}
