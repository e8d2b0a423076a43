package sysroot

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// etcKind is what stands at a path of an /etc.
type etcKind uint8

const (
	kindNothing etcKind = iota
	kindFile            // regular file or symbolic link
	kindDir
	kindOther // device, pipe, socket
)

func kindOf(st *unix.Stat_t) etcKind {
	switch {
	case isFile(st), isLink(st):
		return kindFile
	case isDir(st):
		return kindDir
	}
	return kindOther
}

// etcAction is what the merge does to a path of the new /etc.
type etcAction uint8

const (
	etcKeep   etcAction = iota // leave what the new tree has
	etcRefuse                  // a file was changed that is a directory now
	etcCopy                    // copy what the administrator has
	etcClear                   // remove what the new tree has and copy nothing
)

// mergeAction decides about a path that the administrator modified or added,
// from what stands there now and what the new tree has there. The
// administrator's version wins (libostree, copy_modified_config_file), with two
// exceptions: a directory that is in both stays as the new tree has it, since
// what changed inside is merged by itself, and a directory is never replaced
// by a file.
func mergeAction(current, next etcKind) etcAction {
	switch {
	case next == kindDir && current == kindDir:
		return etcKeep
	case next == kindDir:
		return etcRefuse
	case current == kindOther:
		return etcClear
	}
	return etcCopy
}

// etcMerge carries the changes from one deployment's /etc over to a new one.
type etcMerge struct {
	ctx           context.Context
	current, next int
	skip          func(path string)
	// copied is the last directory that was copied whole.
	copied string
}

// mergeEtc applies to the open directory next, a copy of the new tree's
// usr/etc, what differs between pristine and current, the merge deployment's
// usr/etc and etc. skip is told about files that cannot be carried over. The
// error is an ErrMerge where the changes do not fit.
func mergeEtc(ctx context.Context, pristine, current, next int, skip func(path string)) (etcChanges, error) {
	changes, err := diffEtc(ctx, pristine, current)
	if err != nil {
		return changes, fmt.Errorf("compare /etc with /usr/etc: %w", err)
	}
	m := etcMerge{ctx: ctx, current: current, next: next, skip: skip}
	for _, path := range changes.removed {
		if err := m.remove(path); err != nil {
			return changes, fmt.Errorf("merge /etc: remove %s: %w", path, err)
		}
	}
	for _, list := range [2][]string{changes.modified, changes.added} {
		m.copied = ""
		for _, path := range list {
			if err := m.apply(path); err != nil {
				return changes, fmt.Errorf("merge /etc: carry over %s: %w", path, err)
			}
		}
	}
	return changes, nil
}

func (m *etcMerge) remove(path string) error {
	dir, name := splitPath(path)
	parent, err := m.openNext(dir)
	if missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(parent)
	return removeAll(parent, name)
}

func (m *etcMerge) apply(path string) error {
	if err := m.ctx.Err(); err != nil {
		return err
	}
	if m.copied != "" && strings.HasPrefix(path, m.copied) {
		return nil
	}
	dir, name := splitPath(path)
	src, err := openDir(m.current, dir)
	if err != nil {
		return err
	}
	defer unix.Close(src)
	st, err := lstat(src, name)
	if err != nil {
		return err
	}
	dst, err := m.ensureDir(dir)
	if err != nil {
		return err
	}
	defer unix.Close(dst)
	have, err := lstat(dst, name)
	next := kindNothing
	switch {
	case err == nil:
		next = kindOf(&have)
	case !missing(err):
		return err
	}
	action := mergeAction(kindOf(&st), next)
	switch action {
	case etcKeep:
		return nil
	case etcRefuse:
		return fmt.Errorf("%w: it was changed here and is a directory in the new tree", ErrMerge)
	}
	if err := unlinkIfThere(dst, name); err != nil {
		return err
	}
	if action == etcClear {
		m.skip(path)
		return nil
	}
	if isDir(&st) {
		m.copied = path + "/"
		err := copyTree(m.ctx, src, name, dst, name)
		if errors.Is(err, errSpecial) {
			return fmt.Errorf("%w: %w", ErrMerge, err)
		}
		return err
	}
	return copyEntry(src, name, dst, name, &st)
}

// ensureDir opens a directory of the new /etc. Missing ones are made, and all
// that are made, and the last one in any case, get owner, mode and attributes
// of the administrator's, as libostree does (ensure_directory_from_template).
func (m *etcMerge) ensureDir(dir string) (int, error) {
	if dir == "." {
		return openDir(m.next, ".")
	}
	fd, err := m.openNext(dir)
	if missing(err) {
		parent, name := splitPath(dir)
		up, err := m.ensureDir(parent)
		if err != nil {
			return -1, err
		}
		defer unix.Close(up)
		if err := unix.Mkdirat(up, name, 0o700); err != nil {
			return -1, err
		}
		fd, err = openDir(up, name)
		if err != nil {
			return -1, err
		}
	} else if err != nil {
		return -1, err
	}
	src, err := openDir(m.current, dir)
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	defer unix.Close(src)
	if err := copyAttributes(src, fd); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// openNext opens a directory of the new /etc. Symbolic links of the new tree
// are followed where they stay inside its /etc, as libostree would; one that
// leads out of it, to files of the running system, is an ErrMerge.
func (m *etcMerge) openNext(dir string) (int, error) {
	how := unix.OpenHow{
		Flags:   unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_MAGICLINKS,
	}
	fd := -1
	err := retry(func() (err error) {
		fd, err = unix.Openat2(m.next, dir, &how)
		return err
	})
	switch err {
	case nil:
		return fd, nil
	case unix.ENOSYS, unix.EPERM:
		fd, err = openDir(m.next, dir)
	}
	switch err {
	case unix.EXDEV, unix.ELOOP:
		return -1, fmt.Errorf("%w: %s is a symbolic link out of /etc in the new tree", ErrMerge, dir)
	case unix.ENOTDIR:
		return -1, fmt.Errorf("%w: %s is not a directory in the new tree", ErrMerge, dir)
	}
	return fd, err
}
