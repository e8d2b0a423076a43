package sysroot

import (
	"fmt"
	"log/slog"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/repo"
)

// Options say which sysroot to open, and how.
type Options struct {
	// Path is the sysroot; "" is "/".
	Path string
	// Booted says that the running system is a deployment of this sysroot.
	Booted bool
	// Cmdline is the kernel command line, used if Booted.
	Cmdline string
	// LockTimeout is how long a change waits for another process that changes
	// the deployments: 0 as long as core.lock-timeout-secs of the repository
	// says (300 s), negative for ever.
	LockTimeout time.Duration
	// GrubGenerator is the path of a program that writes grub.cfg, instead of
	// the system's: what OSTREE_GRUB2_EXEC is to libostree.
	GrubGenerator string
	// Log gets what happens to deployments; nil for nothing.
	Log *slog.Logger
	// Now is the clock for what is waited for; nil for the system's.
	Now func() time.Time
}

// Sysroot is an open system root. It holds what it read of the deployments
// when it was opened or last changed them. It is not safe for concurrent use.
type Sysroot struct {
	opt    Options
	log    *slog.Logger
	repo   *repo.Repo
	root   int // the sysroot
	ostree int // its ostree
	deploy int // its ostree/deploy
	boot   int // its boot
	mounts *mountView
	// exchange is exchangeNames, except where tests have an older kernel.
	exchange func(dir int, a, b string) error
	// settled: what is in effect has reached the disk since it was written.
	settled bool
	state
}

// state is what is on disk about the deployments.
type state struct {
	bootVersion    int
	subBootVersion int
	loader         loaderLayout
	deployments    []Deployment
	booted         *Deployment
	// bootedHere: the root directory of this process is that deployment, not
	// only according to a kernel command line.
	bootedHere bool
}

// Open opens a sysroot with its repository and reads the deployments.
func Open(o Options) (*Sysroot, error) {
	if o.Path == "" {
		o.Path = "/"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Sysroot{opt: o, log: o.Log, root: -1, ostree: -1, deploy: -1, boot: -1, exchange: exchangeNames}
	if err := s.open(); err != nil {
		_ = s.Close()
		return nil, fmt.Errorf("open sysroot %s: %w", o.Path, err)
	}
	return s, nil
}

func (s *Sysroot) open() error {
	if err := s.openDirs(); err != nil {
		return err
	}
	if err := s.useMountView(); err != nil {
		return err
	}
	if err := s.thawLeftover(); err != nil {
		return err
	}
	return s.load()
}

func (s *Sysroot) openDirs() (err error) {
	if s.root, err = openFollow(unix.AT_FDCWD, s.opt.Path); err != nil {
		return err
	}
	// In a deployment, /ostree is a link into the physical sysroot.
	if s.ostree, err = openFollow(s.root, "ostree"); err != nil {
		return fmt.Errorf("ostree: %w", err)
	}
	if s.deploy, err = openDir(s.ostree, "deploy"); err != nil {
		return fmt.Errorf("ostree/deploy: %w", err)
	}
	if s.boot, err = openFollow(s.root, "boot"); err != nil {
		return fmt.Errorf("boot: %w", err)
	}
	s.repo, err = repo.Open(s.opt.Path + "/ostree/repo")
	return err
}

// Close releases the sysroot and its repository.
func (s *Sysroot) Close() error {
	err := s.closeDirs()
	s.mounts.close()
	s.mounts = nil
	return err
}

func (s *Sysroot) closeDirs() error {
	for _, fd := range []int{s.root, s.ostree, s.deploy, s.boot} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
	s.root, s.ostree, s.deploy, s.boot = -1, -1, -1, -1
	if s.repo == nil {
		return nil
	}
	r := s.repo
	s.repo = nil
	return r.Close()
}

// Repo is the repository of the sysroot; it is closed with it.
func (s *Sysroot) Repo() *repo.Repo { return s.repo }

// Deployments is the list in boot order: the first boots by default next time.
func (s *Sysroot) Deployments() []Deployment { return slices.Clone(s.deployments) }

// Booted is the deployment that runs, if the sysroot was opened as booted and
// one of the deployments is it.
func (s *Sysroot) Booted() (Deployment, bool) {
	if s.booted == nil {
		return Deployment{}, false
	}
	return *s.booted, true
}
