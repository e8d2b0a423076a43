package tuf

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// save makes a set the one in force. If it fails, the old one still is, unchanged. The caller holds the lock.
func (s *store) save(next *set) error {
	old := uint64(0)
	if gen, err := s.currentGeneration(); err == nil {
		old, _ = generationNumber(gen)
	} else if !errors.Is(err, ErrNoMetadata) {
		return err
	}
	gen := generationName(old + 1)
	s.clean(generationName(old)) // what a killed run left, possibly under the new name
	if err := s.writeGeneration(gen, next); err != nil {
		s.clean(generationName(old))
		return fmt.Errorf("%w: write %s/%s: %w", ErrStorage, s.path, gen, err)
	}
	if err := s.activate(gen); err != nil {
		return fmt.Errorf("%w: activate %s/%s: %w", ErrStorage, s.path, gen, err)
	}
	s.clean(gen)
	return nil
}

// writeGeneration writes a complete generation and flushes it to the disk.
func (s *store) writeGeneration(gen string, next *set) error {
	if err := unix.Mkdirat(s.fd, gen, 0o755); err != nil {
		return err
	}
	dir, err := unix.Openat(s.fd, gen, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	if err := writeAt(dir, formatFile, fmt.Appendf(nil, "%d\n", storeFormat)); err != nil {
		return err
	}
	for _, f := range next.files() {
		if err := writeAt(dir, f.name, *f.data); err != nil {
			return err
		}
	}
	if !next.seen.IsZero() {
		if err := writeAt(dir, seenFile, []byte(next.seen.Format(TimeFormat)+"\n")); err != nil {
			return err
		}
	}
	if err := unix.Fsync(dir); err != nil {
		return err
	}
	return unix.Fsync(s.fd)
}

// activate moves the link to a generation that is on disk.
func (s *store) activate(gen string) error {
	if err := unix.Unlinkat(s.fd, nextLink, 0); err != nil && !errors.Is(err, unix.ENOENT) {
		return err
	}
	if err := unix.Symlinkat(gen, s.fd, nextLink); err != nil {
		return err
	}
	if err := unix.Renameat(s.fd, nextLink, s.fd, currentLink); err != nil {
		return err
	}
	return unix.Fsync(s.fd)
}

// clean removes generations other than keep. What cannot be removed costs space and is tried again by the next save.
func (s *store) clean(keep string) {
	for _, name := range entries(s.fd) {
		if _, ok := generationNumber(name); !ok || name == keep {
			continue
		}
		dir, err := unix.Openat(s.fd, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err != nil {
			continue
		}
		for _, file := range entries(dir) {
			_ = unix.Unlinkat(dir, file, 0)
		}
		_ = unix.Close(dir)
		_ = unix.Unlinkat(s.fd, name, unix.AT_REMOVEDIR)
	}
}

func entries(dir int) []string {
	fd, err := unix.Openat(dir, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	f := os.NewFile(uintptr(fd), ".")
	defer f.Close()
	names, _ := f.Readdirnames(-1)
	return names
}

// writeAt creates a file and flushes it to the disk.
func writeAt(dir int, name string, data []byte) error {
	fd, err := unix.Openat(dir, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o644)
	if err != nil {
		return err
	}
	f := os.NewFile(uintptr(fd), name)
	if _, err := f.Write(data); err != nil {
		f.Close()
		return err
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
