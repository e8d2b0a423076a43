package bundle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"syscall"

	"github.com/sotabox/sotabox/ostreelite/pull"
	"github.com/sotabox/sotabox/ostreelite/repo"
	"github.com/sotabox/sotabox/tuf"
)

// directory is a bundle that is a directory. Each use looks at it afresh.
type directory string

func (d directory) join(name string) string { return filepath.Join(string(d), name) }

func (d directory) metadata() tuf.Source { return tuf.Dir(d.join("tuf")) }

func (d directory) close() error { return nil }

func (d directory) pull(ctx context.Context, dst *repo.Repo, o PullOptions) (pull.Stats, error) {
	src, err := d.repo()
	if err != nil {
		return pull.Stats{}, err
	}
	defer src.Close()
	stats, err := pull.Local(ctx, dst, src, pull.LocalOptions{Commit: o.Commit, Copy: true, Progress: o.Progress, Log: o.Log})
	if errors.Is(err, pull.ErrNotFound) {
		err = fmt.Errorf("%w: %w", ErrIncomplete, err)
	}
	return stats, err
}

// repo opens the OSTree repository. That there is none is an ErrIncomplete.
func (d directory) repo() (*repo.Repo, error) {
	r, err := repo.Open(d.join("ostree_repo"))
	switch {
	case err == nil:
		return r, nil
	case errors.Is(err, repo.ErrNotFound):
		return nil, fmt.Errorf("%w: %w", ErrIncomplete, err)
	}
	return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
}

func (d directory) index(context.Context) (*Index, error) {
	x := newIndex()
	return x, errors.Join(d.listCommits(x), d.listApps(x))
}

func (d directory) listCommits(x *Index) error {
	src, err := d.repo()
	if errors.Is(err, ErrIncomplete) {
		return nil
	}
	if err != nil {
		return err
	}
	defer src.Close()
	commits, err := src.Commits()
	if err != nil {
		return err
	}
	for _, c := range commits {
		partial, err := src.IsPartial(c)
		if err != nil {
			return err
		}
		if partial {
			continue
		}
		if err := x.addCommit(c); err != nil {
			return err
		}
	}
	return nil
}

// listApps does not follow links that lead out of the bundle.
func (d directory) listApps(x *Index) error {
	root, err := os.OpenRoot(string(d))
	if err != nil {
		return err
	}
	defer root.Close()
	if err := each(root, "apps/blobs/sha256", func(blob fs.DirEntry) error {
		info, err := blob.Info()
		if err != nil || !info.Mode().IsRegular() || !isSHA256(blob.Name()) {
			return err
		}
		return x.addBlob(blob.Name(), info.Size())
	}); err != nil {
		return err
	}
	return each(root, "apps/apps", func(app fs.DirEntry) error {
		dir := path.Join("apps/apps", app.Name())
		return each(root, dir, func(manifest fs.DirEntry) error {
			uri, err := readURI(root, path.Join(dir, manifest.Name(), "uri"))
			if err != nil || uri == nil {
				return err
			}
			return x.addApp(uri)
		})
	})
}

// each visits the entries of a directory. What is no directory has none.
func each(root *os.Root, name string, visit func(fs.DirEntry) error) error {
	dir, err := root.OpenFile(name, os.O_RDONLY|syscall.O_DIRECTORY, 0)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil
	}
	if err != nil {
		return err
	}
	defer dir.Close()
	for {
		entries, err := dir.ReadDir(256)
		for _, entry := range entries {
			if err := visit(entry); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// readURI gives nil for what is not there, or is no file of a reasonable size.
func readURI(root *os.Root, name string) ([]byte, error) {
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxURI {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(f, maxURI))
}
