package repo

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// PruneStats says what Prune did.
type PruneStats struct {
	Kept    int   // objects
	Deleted int   // objects
	Bytes   int64 // size of the files deleted; hard links may keep the space
}

// Prune deletes the objects that neither the refs nor the commits in keep
// reach. Parents of a commit are not kept on its account (as libostree's
// --refs-only --depth=0). Nothing is deleted unless everything that is to stay
// can be told: an object missing in a commit that is not partial is an error.
// Prune locks the repository exclusively; with a Txn of this Repo in progress
// it is an ErrLocked.
func (r *Repo) Prune(ctx context.Context, keep ...object.Checksum) (PruneStats, error) {
	if r.txns.Load() > 0 {
		return PruneStats{}, fmt.Errorf("prune %s: %w: a transaction is in progress", r.path, ErrLocked)
	}
	unlock, err := r.Lock(ctx, Exclusive)
	if err != nil {
		return PruneStats{}, err
	}
	defer unlock()
	reachable, err := r.reachable(ctx, keep)
	if err != nil {
		return PruneStats{}, fmt.Errorf("prune %s: %w", r.path, err)
	}
	stats, err := r.deleteAllBut(ctx, reachable)
	if err != nil {
		return stats, fmt.Errorf("prune %s: %w", r.path, err)
	}
	return stats, nil
}

// reachable is all objects of the commits that refs and keep name.
func (r *Repo) reachable(ctx context.Context, keep []object.Checksum) (map[object.Name]struct{}, error) {
	refs, err := r.Refs()
	if err != nil {
		return nil, err
	}
	w := &walker{r: r, seen: map[object.Name]struct{}{}, visit: func(object.Name) {}}
	for _, c := range refs {
		keep = append(keep[:len(keep):len(keep)], c)
	}
	for _, c := range keep {
		partial, err := r.IsPartial(c)
		if err != nil {
			return nil, err
		}
		w.broken = func(n object.Name, err error) error {
			// A ref may name a commit that was never pulled.
			if missing(err) && (partial || n.Type == object.TypeCommit) {
				return nil
			}
			return err
		}
		if err := w.commit(ctx, c); err != nil {
			return nil, err
		}
	}
	return w.seen, nil
}

// deleteAllBut deletes what is not to be kept. Commits go first, and durably: a
// commit that is there and not marked as partial is complete.
func (r *Repo) deleteAllBut(ctx context.Context, keep map[object.Name]struct{}) (PruneStats, error) {
	var stats PruneStats
	others := false
	err := r.eachLoose(func(l loose) error {
		n := l.belongs()
		_, kept := keep[n]
		switch {
		case n.Type == 0:
			return nil
		case kept:
			stats.Kept++
			return nil
		case n.Type == object.TypeCommit:
			return r.delete(ctx, l, &stats)
		}
		others = true
		return nil
	})
	if err != nil || !others {
		return stats, err
	}
	if stats.Deleted > 0 && r.config.Fsync {
		if err := unix.Syncfs(r.dir); err != nil {
			return stats, err
		}
	}
	return stats, r.eachLoose(func(l loose) error {
		n := l.belongs()
		if _, kept := keep[n]; kept || n.Type == 0 || n.Type == object.TypeCommit {
			return nil
		}
		return r.delete(ctx, l, &stats)
	})
}

// belongs is the object that a file is, or goes with; its type is 0 for what is
// unknown.
func (l loose) belongs() object.Name {
	n := l.name
	switch l.ext {
	case detachedExt:
		n.Type = object.TypeCommit
	case "payload-link":
		n.Type = object.TypeFile
	}
	return n
}

// delete deletes the file of an object.
func (r *Repo) delete(ctx context.Context, l loose, stats *PruneStats) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var st unix.Stat_t
	err := unix.Fstatat(l.dir, l.file, &st, unix.AT_SYMLINK_NOFOLLOW)
	if err == nil {
		err = unix.Unlinkat(l.dir, l.file, 0)
	}
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	if err != nil {
		return err
	}
	stats.Deleted++
	stats.Bytes += st.Size
	if l.name.Type == object.TypeCommit {
		return r.ClearPartial(l.name.Checksum)
	}
	return nil
}
