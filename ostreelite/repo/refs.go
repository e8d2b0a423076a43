package repo

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// A ref is "name" (a file in refs/heads) or "remote:name" (in
// refs/remotes/remote). Names may have slashes.

// ValidateRef checks a ref as libostree does (ostree_parse_refspec): parts of
// letters, digits, and "-._" not in front, joined by slashes.
func ValidateRef(ref string) error {
	remote, name, found := strings.Cut(ref, ":")
	if !found {
		remote, name = "remote", ref
	}
	ok := validRefPart(remote)
	for part := range strings.SplitSeq(name, "/") {
		ok = ok && validRefPart(part)
	}
	if !ok {
		return fmt.Errorf("bad ref %.300q", ref)
	}
	return nil
}

func validRefPart(part string) bool {
	for i := range len(part) {
		c := part[i]
		word := c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !word && (i == 0 || c != '-' && c != '.') {
			return false
		}
	}
	return part != "" && len(part) < 256
}

// refDirs are the directories of a ref's file under the repository, outermost
// first, and the file's name in the last.
func refDirs(ref string) (dirs []string, file string) {
	remote, name, found := strings.Cut(ref, ":")
	if found {
		dirs = []string{"refs", "remotes", remote}
	} else {
		dirs, name = []string{"refs", "heads"}, ref
	}
	parts := strings.Split(name, "/")
	return append(dirs, parts[:len(parts)-1]...), parts[len(parts)-1]
}

// ResolveRef is the commit a ref points to; a checksum stands for itself. The
// error is an ErrNotFound if there is no such ref.
func (r *Repo) ResolveRef(ref string) (object.Checksum, error) {
	if c, err := object.ParseChecksum(ref); err == nil {
		return c, nil
	}
	if err := ValidateRef(ref); err != nil {
		return object.Checksum{}, err
	}
	c, err := r.readRef(ref)
	if err != nil {
		return c, fmt.Errorf("ref %s: %w", ref, err)
	}
	return c, nil
}

func (r *Repo) readRef(ref string) (object.Checksum, error) {
	dirs, file := refDirs(ref)
	// libostree's ref aliases are symbolic links to other refs: follow them.
	data, err := readFile(r.dir, strings.Join(dirs, "/")+"/"+file, 0, maxConfigSize)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.EISDIR) {
		return object.Checksum{}, ErrNotFound
	}
	if err != nil {
		return object.Checksum{}, err
	}
	return object.ParseChecksum(strings.TrimSpace(string(data)))
}

// SetRef makes a ref point to a commit, durably and atomically. It does not
// look whether the commit is there.
func (r *Repo) SetRef(ref string, c object.Checksum) error {
	if err := ValidateRef(ref); err != nil {
		return err
	}
	if err := r.setRef(ref, c); err != nil {
		return fmt.Errorf("set ref %s in %s: %w", ref, r.path, classify(err))
	}
	return nil
}

func (r *Repo) setRef(ref string, c object.Checksum) error {
	dirs, file := refDirs(ref)
	at, err := openDir(r.dir, ".")
	if err != nil {
		return err
	}
	defer func() { unix.Close(at) }()
	for _, name := range dirs {
		next, err := r.enterDir(at, name)
		if err != nil {
			return err
		}
		unix.Close(at)
		at = next
	}
	// Leftovers are removed from there by age; among the refs nobody would.
	return replaceFileFrom(r.tmp, at, file, []byte(c.String()+"\n"), 0o644, r.config.Fsync)
}

// enterDir opens a directory, making it, durably, if it is not there.
func (r *Repo) enterDir(at int, name string) (int, error) {
	const flags = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW
	fd, err := openAt(at, name, flags, 0)
	if err != unix.ENOENT {
		return fd, err
	}
	if err := unix.Mkdirat(at, name, 0o775); err != nil && err != unix.EEXIST {
		return -1, err
	}
	if r.config.Fsync {
		if err := unix.Fsync(at); err != nil {
			return -1, err
		}
	}
	return openAt(at, name, flags, 0)
}

// DeleteRef removes a ref; that there is none is fine. The commit stays until
// the next Prune.
func (r *Repo) DeleteRef(ref string) error {
	if err := ValidateRef(ref); err != nil {
		return err
	}
	dirs, file := refDirs(ref)
	fd, err := openDir(r.dir, strings.Join(dirs, "/"))
	if err == unix.ENOENT {
		return nil
	}
	if err == nil {
		defer unix.Close(fd)
		err = unix.Unlinkat(fd, file, 0)
		if err == unix.ENOENT {
			return nil
		}
		if err == nil && r.config.Fsync {
			err = unix.Fsync(fd)
		}
	}
	if err != nil {
		return fmt.Errorf("delete ref %s in %s: %w", ref, r.path, err)
	}
	return nil
}

// Refs is all refs of the repository, those of remotes as "remote:name".
func (r *Repo) Refs() (map[string]object.Checksum, error) {
	refs := map[string]object.Checksum{}
	err := r.collectRefs(r.dir, "refs/heads", "", refs, 0)
	if err == nil {
		err = readDirAt(r.dir, "refs/remotes", func(fd int, remotes []string) error {
			for _, remote := range slices.Clone(remotes) {
				if err := r.collectRefs(fd, remote, remote+":", refs, 0); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		return nil, fmt.Errorf("list refs of %s: %w", r.path, err)
	}
	return refs, nil
}

// maxRefDepth bounds how deep refs' directories are searched.
const maxRefDepth = 32

func (r *Repo) collectRefs(at int, dir, prefix string, refs map[string]object.Checksum, depth int) error {
	if depth > maxRefDepth {
		return fmt.Errorf("%s is nested too deeply", prefix)
	}
	return readDirAt(at, dir, func(fd int, names []string) error {
		for _, name := range slices.Clone(names) {
			ref := prefix + name
			var st unix.Stat_t
			if err := unix.Fstatat(fd, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
				return err
			}
			switch st.Mode & unix.S_IFMT {
			case unix.S_IFDIR:
				if err := r.collectRefs(fd, name, ref+"/", refs, depth+1); err != nil {
					return err
				}
			case unix.S_IFREG, unix.S_IFLNK:
				if ValidateRef(ref) != nil {
					continue
				}
				c, err := r.readRef(ref)
				if errors.Is(err, ErrNotFound) {
					continue
				}
				if err != nil {
					return fmt.Errorf("ref %s: %w", ref, err)
				}
				refs[ref] = c
			}
		}
		return nil
	})
}
