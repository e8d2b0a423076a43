package repo

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// CheckoutOptions says what Checkout makes, and where.
type CheckoutOptions struct {
	Commit  object.Checksum
	Subpath string // slash-separated; empty for the whole tree
	Dir     int    // descriptor of the directory to make Name in
	Name    string // must not exist
	// User leaves out owners, attributes and set-id bits, as an ordinary user
	// must (libostree's user mode). A bare repository then has to be copied; a
	// bare-user one can only be hard linked then. BareUserOnly implies it.
	User bool
	// Copy copies every file instead of linking to the repository's.
	Copy bool
	// Fsync makes every file and directory durable. Without, the caller syncs
	// the filesystem.
	Fsync bool
}

// Checkout writes a commit's tree, or a part of it, to Name in Dir. Files are
// hard links into the repository where its mode allows it, else reflinks or
// copies, and so are empty files, of which a filesystem would run out of links
// (as libostree's). What was made is removed again on an error. Errors are
// those of Lookup and OpenFile, or an ErrNoSpace.
func (r *Repo) Checkout(ctx context.Context, o CheckoutOptions) error {
	e, err := r.Lookup(o.Commit, o.Subpath)
	if err != nil {
		return err
	}
	var st unix.Stat_t
	if err := unix.Fstatat(o.Dir, o.Name, &st, unix.AT_SYMLINK_NOFOLLOW); err != unix.ENOENT {
		if err == nil {
			err = unix.EEXIST
		}
		return fmt.Errorf("check out to %s: %w", o.Name, err)
	}
	o.User = o.User || r.Mode() == BareUserOnly
	c := &checkout{r: r, o: o, metas: map[object.Checksum]*object.DirMeta{}, helpers: make(chan struct{}, checkoutHelpers)}
	if e.Dir {
		err = c.directory(ctx, o.Dir, object.DirEntry{Name: o.Name, Tree: e.Tree, Meta: e.Meta}, 0)
	} else {
		err = c.file(o.Dir, object.FileEntry{Name: o.Name, Checksum: e.File})
	}
	if err != nil {
		_ = removeAll(o.Dir, o.Name)
		return fmt.Errorf("check out %s to %s: %w", o.Commit, o.Name, classify(err))
	}
	return nil
}

// checkoutHelpers is how many subdirectories are filled beside the one the
// walk is in. The work is the kernel's, and it can do so much at once.
const checkoutHelpers = 3

type checkout struct {
	r       *Repo
	o       CheckoutOptions
	mu      sync.Mutex // for metas
	metas   map[object.Checksum]*object.DirMeta
	helpers chan struct{} // a token for each that is at work
}

// directory makes a directory. It is closed to others until it is complete.
func (c *checkout) directory(ctx context.Context, at int, e object.DirEntry, depth int) error {
	if err := mayEnter(ctx, depth); err != nil {
		return err
	}
	tree, err := c.r.DirTree(e.Tree)
	if err != nil {
		return err
	}
	meta, err := c.meta(e.Meta)
	if err != nil {
		return err
	}
	if err := unix.Mkdirat(at, e.Name, 0o700); err != nil {
		return fmt.Errorf("make directory %q: %w", e.Name, err)
	}
	fd, err := openAt(at, e.Name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	for _, f := range tree.Files {
		if err := c.file(fd, f); err != nil {
			return fmt.Errorf("%q: %w", f.Name, err)
		}
	}
	if err := c.directories(ctx, fd, tree.Dirs, depth+1); err != nil {
		return err
	}
	if err := c.applyMeta(fd, meta); err != nil {
		return fmt.Errorf("directory %q: %w", e.Name, err)
	}
	return nil
}

// directories makes the subdirectories of a directory, some of them at the same
// time, and returns when all is done. The first error ends it.
func (c *checkout) directories(ctx context.Context, at int, dirs []object.DirEntry, depth int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for _, d := range dirs {
		select {
		case c.helpers <- struct{}{}:
			wg.Go(func() {
				defer func() { <-c.helpers }()
				if err := c.directory(ctx, at, d, depth); err != nil {
					cancel(err)
				}
			})
		default:
			if err := c.directory(ctx, at, d, depth); err != nil {
				cancel(err)
			}
		}
		if ctx.Err() != nil {
			break
		}
	}
	wg.Wait()
	return context.Cause(ctx)
}

func (c *checkout) meta(sum object.Checksum) (*object.DirMeta, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m, ok := c.metas[sum]; ok {
		return m, nil
	}
	m, err := c.r.DirMeta(sum)
	if err == nil {
		c.metas[sum] = m
	}
	return m, err
}

func (c *checkout) applyMeta(fd int, m *object.DirMeta) error {
	perm := m.Mode & object.ModePerm
	if c.r.Mode() == BareUserOnly {
		// No world-writable or set-id directories (libostree's pull 909).
		perm &= 0o775
	}
	if !c.o.User {
		if err := unix.Fchown(fd, int(m.UID), int(m.GID)); err != nil {
			return fmt.Errorf("set owner %d:%d: %w", m.UID, m.GID, err)
		}
		if err := setXattrs(fd, m.Xattrs); err != nil {
			return err
		}
	}
	if err := unix.Fchmod(fd, perm); err != nil {
		return err
	}
	if !c.o.Copy {
		if err := futimens(fd, epoch); err != nil {
			return err
		}
	}
	if c.o.Fsync {
		return unix.Fsync(fd)
	}
	return nil
}
