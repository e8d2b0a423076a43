package tuf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// set is a whole trusted set, as the bytes that were fetched.
type set struct {
	root, timestamp, snapshot, targets []byte
	// seen is a time that was past when the set was stored; zero if it is not known.
	seen time.Time
}

func (s *set) equal(o *set) bool {
	return o != nil && bytes.Equal(s.root, o.root) && bytes.Equal(s.timestamp, o.timestamp) &&
		bytes.Equal(s.snapshot, o.snapshot) && bytes.Equal(s.targets, o.targets)
}

// The store is a directory with one subdirectory per generation of the set, and a symbolic link to the one in force:
//
//	current -> gen-7
//	gen-7/format           "1\n"
//	gen-7/root.json  timestamp.json  snapshot.json  targets.json
//	gen-7/seen             "2030-01-02T03:04:05Z\n", a time that was past then
//
// A generation is complete and on disk before the link moves to it, in one rename. It is never changed afterwards. So at
// any moment, also after a power cut, the link names a whole set that was verified.
const (
	storeFormat = 1
	currentLink = "current"
	nextLink    = "current.next"
	genPrefix   = "gen-"
	formatFile  = "format"
	seenFile    = "seen"
)

// storedFile is a file of a generation.
type storedFile struct {
	name  string
	data  *[]byte
	limit int64
}

func (s *set) files() []storedFile {
	return []storedFile{
		{"root.json", &s.root, maxSmall},
		{"timestamp.json", &s.timestamp, maxSmall},
		{"snapshot.json", &s.snapshot, maxSmall},
		{"targets.json", &s.targets, maxTargets},
	}
}

// store is an open store directory.
type store struct {
	fd   int
	path string // for messages
}

// openStore opens the store for reading only: nothing is created, and load does not write. A directory that is not
// there is ErrNoMetadata.
func openStore(path string) (*store, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) {
		return nil, fmt.Errorf("%w in %s", ErrNoMetadata, path)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: open %s: %w", ErrStorage, path, err)
	}
	return &store{fd: fd, path: path}, nil
}

// createStore opens the store for writing, making the directory if need be, and waits until no other process writes to
// it or ctx is done. The lock is gone when the store is closed or the process ends.
func createStore(ctx context.Context, path string) (*store, error) {
	if err := makeDurable(path); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStorage, err)
	}
	s, err := openStore(path)
	if err != nil {
		return nil, err
	}
	for {
		err := unix.Flock(s.fd, unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return s, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			s.close()
			return nil, fmt.Errorf("%w: lock %s: %w", ErrStorage, path, err)
		}
		select {
		case <-ctx.Done():
			s.close()
			return nil, fmt.Errorf("%w: %s is in use by another process: %w", ErrStorage, path, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// makeDurable creates a directory and flushes the entry in its parent.
func makeDurable(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	parent, err := os.Open(filepath.Dir(filepath.Clean(path)))
	if err != nil {
		return err
	}
	defer parent.Close()
	return parent.Sync()
}

func (s *store) close() { _ = unix.Close(s.fd) }

// load reads the set in force; ErrNoMetadata if there is none. It may run while another process saves: should that
// remove the generation under its hands, it starts again with the new one.
func (s *store) load() (*set, error) {
	for attempt := 0; ; attempt++ {
		gen, err := s.currentGeneration()
		if err != nil {
			return nil, err
		}
		stored, err := s.loadGeneration(gen)
		if err == nil {
			return stored, nil
		}
		if now, again := s.currentGeneration(); again == nil && now != gen && attempt < 10 {
			continue
		}
		return nil, fmt.Errorf("%w: read %s/%s: %w", ErrStorage, s.path, gen, err)
	}
}

func (s *store) currentGeneration() (string, error) {
	buf := make([]byte, 64)
	n, err := unix.Readlinkat(s.fd, currentLink, buf)
	if errors.Is(err, unix.ENOENT) {
		return "", fmt.Errorf("%w in %s", ErrNoMetadata, s.path)
	}
	if err != nil {
		return "", fmt.Errorf("%w: read link %s/%s: %w", ErrStorage, s.path, currentLink, err)
	}
	gen := string(buf[:n])
	if _, ok := generationNumber(gen); !ok {
		return "", fmt.Errorf("%w: %s/%s points to %q, which is no generation", ErrStorage, s.path, currentLink, gen)
	}
	return gen, nil
}

func generationNumber(name string) (uint64, bool) {
	digits, ok := strings.CutPrefix(name, genPrefix)
	n, err := strconv.ParseUint(digits, 10, 63)
	return n, ok && err == nil && name == generationName(n)
}

func generationName(n uint64) string { return genPrefix + strconv.FormatUint(n, 10) }

func (s *store) loadGeneration(gen string) (*set, error) {
	dir, err := unix.Openat(s.fd, gen, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(dir)
	format, err := readAt(dir, formatFile, 16)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", formatFile, err)
	}
	version, err := strconv.Atoi(strings.TrimSpace(string(format)))
	if err != nil || version < 1 {
		return nil, fmt.Errorf("%s: %q is no format version", formatFile, format)
	}
	if version > storeFormat {
		return nil, fmt.Errorf("it has format %d and this program knows up to %d: a newer program wrote it; update this one, or remove the directory to start over", version, storeFormat)
	}
	stored := &set{}
	for _, f := range stored.files() {
		if *f.data, err = readAt(dir, f.name, f.limit); err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
	}
	stored.seen = readSeen(dir)
	return stored, nil
}

// readSeen returns zero for a time that is not there or makes no sense: the metadata is good without it.
func readSeen(dir int) time.Time {
	data, err := readAt(dir, seenFile, 64)
	if err != nil {
		return time.Time{}
	}
	seen, err := time.Parse(TimeFormat, strings.TrimSpace(string(data)))
	if err != nil {
		return time.Time{}
	}
	return seen
}

// readAt reads a regular file of at most limit bytes.
func readAt(dir int, name string, limit int64) ([]byte, error) {
	fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	data, err := readRegular(os.NewFile(uintptr(fd), name), limit)
	if err == nil && int64(len(data)) > limit {
		return nil, fmt.Errorf("larger than %d bytes", limit)
	}
	return data, err
}

// readRegular reads and closes a regular file, up to one byte more than limit.
func readRegular(f *os.File, limit int64) ([]byte, error) {
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	buf := bytes.NewBuffer(make([]byte, 0, min(info.Size(), limit)+bytes.MinRead))
	if _, err := buf.ReadFrom(io.LimitReader(f, limit+1)); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}
