package repo

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Repo is an open repository. Close it when done.
type Repo struct {
	path    string
	dir     int // descriptors of the repository, objects/ and tmp/
	objects int
	tmp     int
	config  *Config
	bootID  string
	lock    lockState
	pools   pools
	txns    atomic.Int32 // transactions in progress
}

// dirs are the directories of a repository. objects comes last: where it is,
// the repository is complete.
var dirs = []string{"tmp", "extensions", "state", "refs", "refs/heads", "refs/mirrors", "refs/remotes", "objects"}

// Create makes a repository at path and opens it. What an interrupted Create
// left is completed, and a complete repository of the same mode is opened. The
// directory above path must exist.
func Create(path string, mode Mode) (*Repo, error) {
	if err := create(path, mode); err != nil {
		return nil, fmt.Errorf("create repository %s: %w", path, err)
	}
	r, err := Open(path)
	if err != nil {
		return nil, err
	}
	if r.Mode() != mode {
		r.Close()
		return nil, fmt.Errorf("create repository %s: it exists with mode %s", path, r.Mode())
	}
	return r, nil
}

func create(path string, mode Mode) error {
	if _, err := ParseMode(mode.String()); err != nil {
		return err
	}
	if err := unix.Mkdir(path, 0o775); err != nil && err != unix.EEXIST {
		return err
	}
	dir, err := openDir(unix.AT_FDCWD, path)
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	var st unix.Stat_t
	err = unix.Fstatat(dir, "config", &st, unix.AT_SYMLINK_NOFOLLOW)
	if err == unix.ENOENT {
		config := "[core]\nrepo_version=1\nmode=" + mode.String() + "\n"
		err = replaceFile(dir, "config", []byte(config), 0o644, true)
	}
	if err != nil {
		return err
	}
	if mode == BareUser {
		if err := probeUserXattrs(dir); err != nil {
			return err
		}
	}
	for _, name := range dirs {
		if err := unix.Mkdirat(dir, name, 0o775); err != nil && err != unix.EEXIST {
			return fmt.Errorf("make %s: %w", name, err)
		}
	}
	return unix.Fsync(dir)
}

// Open opens the repository at path. It does not create anything. A path that
// holds no repository is an ErrNotFound.
func Open(path string) (*Repo, error) {
	r := &Repo{path: path, dir: -1, objects: -1, tmp: -1}
	if err := r.open(); err != nil {
		r.Close()
		if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) {
			err = fmt.Errorf("%w: %w", ErrNotFound, err)
		}
		return nil, fmt.Errorf("open repository %s: %w", path, err)
	}
	return r, nil
}

func (r *Repo) open() (err error) {
	if r.dir, err = openDir(unix.AT_FDCWD, r.path); err != nil {
		return err
	}
	data, err := readFileAt(r.dir, "config", maxConfigSize)
	if err != nil {
		return fmt.Errorf("read config: %w", err)
	}
	if r.config, err = ParseConfig(data); err != nil {
		return err
	}
	if r.objects, err = openDir(r.dir, "objects"); err != nil {
		return fmt.Errorf("open objects: %w", err)
	}
	if r.tmp, err = openDir(r.dir, "tmp"); err != nil {
		return fmt.Errorf("open tmp: %w", err)
	}
	r.bootID, err = bootID()
	return err
}

// maxConfigSize bounds the config file and refs' files, in bytes.
const maxConfigSize = 1 << 20

// bootID tells one boot of the machine from another. libostree lets the
// environment override it, for containers and tests; so must we to share
// staging directories with it.
func bootID() (string, error) {
	id := os.Getenv("OSTREE_BOOTID")
	if id == "" {
		data, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
		if err != nil {
			return "", err
		}
		id = strings.TrimSpace(string(data))
	}
	if id == "" || strings.ContainsAny(id, "/\x00") {
		return "", fmt.Errorf("bad boot id %.80q", id)
	}
	return id, nil
}

// Close releases the repository. Transactions must have ended.
func (r *Repo) Close() error {
	r.lock.close()
	for _, fd := range []*int{&r.tmp, &r.objects, &r.dir} {
		if *fd >= 0 {
			unix.Close(*fd)
			*fd = -1
		}
	}
	return nil
}

// Path is where the repository was opened.
func (r *Repo) Path() string { return r.path }

// Mode is how the repository stores content.
func (r *Repo) Mode() Mode { return r.config.Mode }

// Config is the repository's configuration; it must not be changed.
func (r *Repo) Config() *Config { return r.config }

// WriteConfig replaces the config file, and what Config gives. The mode of a
// repository cannot be changed.
func (r *Repo) WriteConfig(k *Keyfile) error {
	c, err := ParseConfig(k.Bytes())
	if err == nil && c.Mode != r.config.Mode {
		err = fmt.Errorf("the mode cannot change from %s to %s", r.config.Mode, c.Mode)
	}
	if err == nil {
		err = replaceFile(r.dir, "config", k.Bytes(), 0o644, c.Fsync)
	}
	if err != nil {
		return fmt.Errorf("write config of %s: %w", r.path, err)
	}
	r.config = c
	return nil
}
