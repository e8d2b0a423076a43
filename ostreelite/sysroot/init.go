package sysroot

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/repo"
)

// Init makes the directory path, which must exist, a sysroot without
// deployments, with a repository of that mode: what `ostree admin init-fs
// --modern` does for repo.Bare. On a sysroot that exists it changes nothing.
func Init(path string, mode repo.Mode) error {
	if err := initRoot(path, mode); err != nil {
		return fmt.Errorf("init sysroot %s: %w", path, err)
	}
	return nil
}

func initRoot(path string, mode repo.Mode) error {
	root, err := openFollow(unix.AT_FDCWD, path)
	if err != nil {
		return err
	}
	defer unix.Close(root)
	for _, dir := range []string{"boot", "ostree/deploy"} {
		fd, err := makeDirs(root, dir, 0o755)
		if err != nil {
			return fmt.Errorf("make %s: %w", dir, err)
		}
		unix.Close(fd)
	}
	r, err := repo.Create(path+"/ostree/repo", mode)
	if err != nil {
		return err
	}
	if err := r.Close(); err != nil {
		return err
	}
	return syncDir(root)
}

// InitOS sets up a stateroot: ostree/deploy/OS with the /var its deployments
// share, as `ostree admin os-init` does. One that exists is an error of class
// unix.EEXIST.
func (s *Sysroot) InitOS(name string) error {
	if err := s.initOS(name); err != nil {
		return fmt.Errorf("init stateroot %q: %w", name, err)
	}
	return nil
}

func (s *Sysroot) initOS(name string) error {
	if !validName(name) {
		return fmt.Errorf("%w: not a name of one path component", ErrMalformed)
	}
	if err := unix.Mkdirat(s.deploy, name, 0o755); err != nil {
		return err
	}
	os, err := openDir(s.deploy, name)
	if err != nil {
		return err
	}
	defer unix.Close(os)
	for _, dir := range []string{"var", "var/tmp", "var/lib", "var/log"} {
		if err := unix.Mkdirat(os, dir, 0o755); err != nil {
			return fmt.Errorf("make %s: %w", dir, err)
		}
	}
	if err := unix.Fchmodat(os, "var/tmp", 0o1777, 0); err != nil {
		return err
	}
	for link, target := range map[string]string{"var/run": "../run", "var/lock": "../run/lock"} {
		if err := unix.Symlinkat(target, os, link); err != nil {
			return fmt.Errorf("make %s: %w", link, err)
		}
	}
	if err := syncDir(s.deploy); err != nil {
		return err
	}
	return s.bumpTime()
}

// bumpTime tells other programs that the deployments changed: libostree reads
// them again when this time is another one.
func (s *Sysroot) bumpTime() error {
	return unix.UtimesNanoAt(s.deploy, ".", []unix.Timespec{{Nsec: unix.UTIME_NOW}, {Nsec: unix.UTIME_NOW}}, 0)
}
