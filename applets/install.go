package applets

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrInTheWay: there is something at the place of a link that is not a
// symbolic link, and is left alone.
var ErrInTheWay = errors.New("not a symbolic link, left alone")

// Link is a symbolic link that Install made.
type Link struct{ Path, Target string }

// Install makes a symbolic link to the running program in dir for each name
// and returns the links that it made or changed; those that are right already
// are left as they are.
//
// The links are relative, so that they stay right in a root filesystem that is
// assembled under another path than the one it runs under. Nothing is changed
// if anything other than a symbolic link is in the way of any of them
// ([ErrInTheWay]).
func Install(dir string, names []string) ([]Link, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program's own path (is /proc mounted?): %w", err)
	}
	return installFor(program, dir, names)
}

func installFor(program, dir string, names []string) ([]Link, error) {
	target, err := relativeTarget(program, dir)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("install links: %w", err)
	}
	defer root.Close()

	stale, err := staleLinks(root, target, names)
	if err != nil {
		return nil, fmt.Errorf("install links in %s: %w", dir, err)
	}
	var made []Link
	for _, name := range stale {
		if err := replaceLink(root, target, name); err != nil {
			return made, fmt.Errorf("install links in %s: %w", dir, err)
		}
		made = append(made, Link{Path: filepath.Join(dir, name), Target: target})
	}
	if len(made) == 0 {
		return nil, nil
	}
	if err := syncDir(root); err != nil {
		return made, fmt.Errorf("install links in %s: %w", dir, err)
	}
	return made, nil
}

// relativeTarget is the way from dir to program. Both are resolved first: ".."
// in a link is taken from the directory that holds it, not from a link to that
// directory.
func relativeTarget(program, dir string) (string, error) {
	var real [2]string
	for i, path := range []string{dir, program} {
		abs, err := filepath.Abs(path)
		if err == nil {
			real[i], err = filepath.EvalSymlinks(abs)
		}
		if err != nil {
			return "", fmt.Errorf("install links: %w", err)
		}
	}
	target, err := filepath.Rel(real[0], real[1])
	if err != nil {
		return "", fmt.Errorf("install links: %w", err)
	}
	return target, nil
}

// staleLinks returns the names that are not yet links to target.
func staleLinks(root *os.Root, target string, names []string) ([]string, error) {
	var stale []string
	for _, name := range names {
		info, err := root.Lstat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, err
		case info.Mode().Type() != fs.ModeSymlink:
			return nil, fmt.Errorf("%s: %w", name, ErrInTheWay)
		default:
			if is, err := root.Readlink(name); err != nil {
				return nil, err
			} else if is == target {
				continue
			}
		}
		stale = append(stale, name)
	}
	return stale, nil
}

// replaceLink makes the link aside and renames it into place, so that the
// command exists at every moment. What an interrupted run left aside is
// replaced.
func replaceLink(root *os.Root, target, name string) error {
	aside := "." + name + ".new"
	if err := root.Remove(aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := root.Symlink(target, aside); err != nil {
		return err
	}
	return root.Rename(aside, name)
}

func syncDir(root *os.Root) error {
	d, err := root.Open(".")
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
