//go:build factory

package matrix

import (
	"path/filepath"
	"testing"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// origin is a tree that the real ostree has committed to an archive repository.
type origin struct {
	tree, path string
	commit     object.Checksum
}

// newOrigin commits a specimen. A canonical one has neither owners nor attributes,
// which is what bare-user-only repositories can hold.
func newOrigin(t testing.TB, canonical bool) origin {
	t.Helper()
	o := origin{tree: filepath.Join(t.TempDir(), "tree"), path: theirRepo(t, repo.Archive)}
	specimen(t, o.tree)
	var args []string
	if canonical {
		args = []string{"--canonical-permissions", "--no-xattrs"}
	}
	o.commit = theirCommit(t, o.path, o.tree, args...)
	return o
}

// origins are what each mode can hold.
type origins struct{ whole, canonical origin }

func newOrigins(t testing.TB) origins {
	return origins{newOrigin(t, false), newOrigin(t, true)}
}

func (o origins) fit(modes ...repo.Mode) origin {
	for _, m := range modes {
		if m == repo.BareUserOnly {
			return o.canonical
		}
	}
	return o.whole
}

// canHold says whether a repository of mode dst, of the user who runs the test,
// can take over what one of mode src can have: only root can give files to root.
func canHold(dst, src repo.Mode) bool {
	return isRoot || dst != repo.Bare || src != repo.BareUserOnly
}
