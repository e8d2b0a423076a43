package atomicfile

import (
	"crypto/rand"
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// Names of files being written: ".sotabox-" + random + tempSuffix. They do not
// contain the final name, so any name up to NAME_MAX can be written.
const (
	tempPrefix = ".sotabox-"
	tempSuffix = ".tmp"
)

// Write makes name in dir a regular file with exactly this content and these
// permission bits, whatever the umask. The file is written aside in the same
// directory, synced, renamed over name, and the directory is synced: when Write
// returns nil the new content survives a power cut; when it fails, name is what
// it was (only where syncing the directory fails may it be the new content
// already). Symbolic links at name are replaced, never followed.
//
// Several writers of one name do not mix their contents; the last one wins.
// The error is ErrBadName for a name that is not a single component.
func Write(dir *os.File, name string, data []byte, mode os.FileMode) error {
	if err := checkName(name); err != nil {
		return fmt.Errorf("write %s: %w", display(dir, name), err)
	}
	defer runtime.KeepAlive(dir)
	temp := tempPrefix + rand.Text() + tempSuffix
	if err := writeTemp(dir, temp, data, mode); err != nil {
		return fmt.Errorf("write %s: %w", display(dir, name), err)
	}
	fd := int(dir.Fd())
	if err := unix.Renameat(fd, temp, fd, name); err != nil {
		_ = unix.Unlinkat(fd, temp, 0)
		return fmt.Errorf("write %s: rename: %w", display(dir, name), err)
	}
	if err := dir.Sync(); err != nil {
		return fmt.Errorf("write %s: sync directory: %w", display(dir, name), err)
	}
	return nil
}

// writeTemp creates temp, which must not exist, and leaves nothing behind when
// it fails.
func writeTemp(dir *os.File, temp string, data []byte, mode os.FileMode) (err error) {
	fd, err := openat(dir, temp, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("create temporary file: %w", err)
	}
	f := os.NewFile(uintptr(fd), temp)
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			_ = unix.Unlinkat(int(dir.Fd()), temp, 0)
		}
	}()
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.Chmod(mode.Perm()); err != nil {
		return err
	}
	return f.Sync()
}

// Sweep removes what writers that were killed left aside in dir. The caller
// must be the only one writing there, as the holder of the update lock is.
func Sweep(dir *os.File) error {
	defer runtime.KeepAlive(dir)
	// Opened anew: dir itself may have been read to its end already.
	fd, err := openat(dir, ".", unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return fmt.Errorf("sweep %s: %w", dir.Name(), err)
	}
	list := os.NewFile(uintptr(fd), dir.Name())
	defer list.Close()
	names, err := list.Readdirnames(-1)
	if err != nil {
		return fmt.Errorf("sweep %s: %w", dir.Name(), err)
	}
	for _, name := range names {
		if !strings.HasPrefix(name, tempPrefix) || !strings.HasSuffix(name, tempSuffix) {
			continue
		}
		if err := unix.Unlinkat(int(dir.Fd()), name, 0); err != nil && err != unix.ENOENT {
			return fmt.Errorf("sweep %s: remove %s: %w", dir.Name(), name, err)
		}
	}
	return nil
}
