package repo

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// loose is a file under objects/.
type loose struct {
	name object.Name // Type is 0 for what is no object of its own
	ext  string
	dir  int // descriptor of the directory the file is in
	file string
}

// eachLoose calls f for every object file. f may delete the file.
func (r *Repo) eachLoose(f func(loose) error) error {
	dirs, err := listDir(r.objects)
	if err != nil {
		return err
	}
	slices.Sort(dirs)
	for _, dir := range dirs {
		if len(dir) != 2 {
			continue
		}
		if err := r.eachLooseIn(dir, f); err != nil {
			return err
		}
	}
	return nil
}

func (r *Repo) eachLooseIn(dir string, f func(loose) error) error {
	fd, err := openAt(r.objects, dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err == unix.ENOTDIR || err == unix.ENOENT {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	files, err := listDir(fd)
	if err != nil {
		return err
	}
	for _, file := range files {
		n, ext, _ := parseLoosePath(dir, file, r.Mode())
		if n.Checksum.IsZero() {
			continue
		}
		if err := f(loose{n, ext, fd, file}); err != nil {
			return err
		}
	}
	return nil
}

// Commits lists all commits that are in the repository, referred to or not.
func (r *Repo) Commits() ([]object.Checksum, error) {
	var list []object.Checksum
	err := r.eachLoose(func(l loose) error {
		if l.name.Type == object.TypeCommit {
			list = append(list, l.name.Checksum)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list commits of %s: %w", r.path, err)
	}
	return list, nil
}
