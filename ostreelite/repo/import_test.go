package repo

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
)

func TestImportFile(t *testing.T) {
	for _, mode := range []Mode{BareUser, BareUserOnly, Archive} {
		for _, to := range []Mode{BareUser, BareUserOnly, Archive} {
			t.Run(mode.String()+" to "+to.String(), func(t *testing.T) {
				src, dst := newRepo(t, mode), newRepo(t, to)
				c, h := sample(mode, "data")
				x := begin(t, src)
				require.NoError(t, x.WriteFile(c, h, 4, strings.NewReader("data")))
				require.NoError(t, x.Commit())
				x = begin(t, dst)
				size, err := x.ImportFile(t.Context(), src, c)
				require.NoError(t, err)
				require.EqualValues(t, 4, size)
				require.NoError(t, x.Commit())
				require.NoError(t, dst.Verify(fileName(c)))
				from := filepath.Join(src.Path(), "objects", loosePath(fileName(c), mode))
				a, err := os.Stat(from)
				require.NoError(t, err)
				b, err := os.Stat(filepath.Join(dst.Path(), "objects", loosePath(fileName(c), to)))
				require.NoError(t, err)
				require.Equal(t, mode == to, os.SameFile(a, b))

				require.NoError(t, os.Truncate(from, 1))
				dst = newRepo(t, to)
				x = begin(t, dst)
				_, err = x.ImportFile(t.Context(), src, c)
				require.ErrorIs(t, err, ErrCorrupt)
				_, err = x.ImportFile(t.Context(), src, object.Sum([]byte("no such object")))
				require.ErrorIs(t, err, ErrNotFound)
				require.NoError(t, x.Commit())
				require.Empty(t, filesUnder(t, dst, "objects"))
			})
		}
	}
}
