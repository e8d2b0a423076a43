package sysroot

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// etcChanges is what the administrator did to /etc: paths relative to it, each
// list with a directory before what is in it. Paths below a removed directory,
// and below one whose type changed, are not listed.
type etcChanges struct {
	removed, modified, added []string
}

// etcDiff compares a deployment's pristine usr/etc with its etc the way
// libostree does (ostree-diff.c): type, owner, mode, content and link target
// count, extended attributes do not.
type etcDiff struct {
	ctx  context.Context
	bufs [2][]byte
	out  etcChanges
}

func diffEtc(ctx context.Context, pristine, current int) (etcChanges, error) {
	d := etcDiff{ctx: ctx}
	d.bufs[0], d.bufs[1] = make([]byte, 32<<10), make([]byte, 32<<10)
	err := d.dir(pristine, current, "")
	return d.out, err
}

func (d *etcDiff) dir(pristine, current int, prefix string) error {
	if err := d.ctx.Err(); err != nil {
		return err
	}
	old, err := sortedDir(pristine)
	if err != nil {
		return err
	}
	for _, name := range old {
		if err := d.entry(pristine, current, name, prefix+name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	now, err := sortedDir(current)
	if err != nil {
		return err
	}
	for _, name := range now {
		if _, found := slices.BinarySearch(old, name); found {
			continue
		}
		if err := d.add(current, name, prefix+name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func sortedDir(dir int) ([]string, error) {
	names, err := listDir(dir)
	slices.Sort(names)
	return names, err
}

func (d *etcDiff) entry(pristine, current int, name, path string) error {
	a, err := lstat(pristine, name)
	if err != nil {
		return err
	}
	b, err := lstat(current, name)
	if missing(err) {
		d.out.removed = append(d.out.removed, path)
		return nil
	}
	if err != nil {
		return err
	}
	changed, err := d.changed(pristine, current, name, &a, &b)
	if err != nil {
		return err
	}
	if changed {
		d.out.modified = append(d.out.modified, path)
	}
	if isDir(&a) && isDir(&b) {
		return d.both(pristine, current, name, path)
	}
	return nil
}

func (d *etcDiff) both(pristine, current int, name, path string) error {
	a, err := openDir(pristine, name)
	if err != nil {
		return err
	}
	defer unix.Close(a)
	b, err := openDir(current, name)
	if err != nil {
		return err
	}
	defer unix.Close(b)
	return d.dir(a, b, path+"/")
}

// add lists an entry and, for a directory, everything in it: in the new tree
// the directory may exist already.
func (d *etcDiff) add(parent int, name, path string) error {
	d.out.added = append(d.out.added, path)
	st, err := lstat(parent, name)
	if err != nil || !isDir(&st) {
		return err
	}
	dir, err := openDir(parent, name)
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	names, err := sortedDir(dir)
	if err != nil {
		return err
	}
	for _, child := range names {
		if err := d.add(dir, child, path+"/"+child); err != nil {
			return fmt.Errorf("%s: %w", child, err)
		}
	}
	return nil
}

func (d *etcDiff) changed(pristine, current int, name string, a, b *unix.Stat_t) (bool, error) {
	if a.Mode != b.Mode || a.Uid != b.Uid || a.Gid != b.Gid {
		return true, nil
	}
	switch {
	case isLink(a):
		x, err := readLink(pristine, name)
		if err != nil {
			return false, err
		}
		y, err := readLink(current, name)
		return x != y, err
	case isFile(a):
		if a.Size != b.Size {
			return true, nil
		}
		return d.contentDiffers(pristine, current, name)
	}
	return false, nil
}

func (d *etcDiff) contentDiffers(pristine, current int, name string) (bool, error) {
	x, err := openFile(pristine, name)
	if err != nil {
		return false, err
	}
	defer x.Close()
	y, err := openFile(current, name)
	if err != nil {
		return false, err
	}
	defer y.Close()
	for {
		n, err := fill(x, d.bufs[0])
		if err != nil {
			return false, err
		}
		m, err := fill(y, d.bufs[1])
		if err != nil {
			return false, err
		}
		if !bytes.Equal(d.bufs[0][:n], d.bufs[1][:m]) {
			return true, nil
		}
		if n < len(d.bufs[0]) {
			return false, nil
		}
	}
}

// fill reads until buf is full or the file ends.
func fill(f *os.File, buf []byte) (int, error) {
	n, err := io.ReadFull(f, buf)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	return n, bare(err)
}
