package sysroot

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// fileID is the identity of a directory.
type fileID struct{ dev, ino uint64 }

func idOf(st *unix.Stat_t) fileID { return fileID{uint64(st.Dev), uint64(st.Ino)} }

// rootID is the identity of the running system's root directory.
func rootID() (fileID, error) {
	var st unix.Stat_t
	if err := unix.Stat("/", &st); err != nil {
		return fileID{}, fmt.Errorf("stat /: %w", err)
	}
	return idOf(&st), nil
}

// treeID is the identity of a deployment's directory.
func (s *Sysroot) treeID(d Deployment) (fileID, error) {
	tree, err := s.openTree(d)
	if err != nil {
		return fileID{}, err
	}
	defer unix.Close(tree)
	var st unix.Stat_t
	if err := unix.Fstat(tree, &st); err != nil {
		return fileID{}, err
	}
	return idOf(&st), nil
}

// findBooted is the deployment that runs: the one whose directory is "/", which
// here then reports, or else the one that ostree= on the kernel command line
// leads to. The first counts more, since after the next deployment was written
// the path on the command line may be gone or lead elsewhere.
func (s *Sysroot) findBooted(list []Deployment) (d *Deployment, here bool, err error) {
	root, err := rootID()
	if err != nil {
		return nil, false, err
	}
	for i := range list {
		id, err := s.treeID(list[i])
		if err != nil {
			return nil, false, err
		}
		if id == root {
			return &list[i], true, nil
		}
	}
	d, err = s.fromCmdline(list)
	return d, false, err
}

func (s *Sysroot) fromCmdline(list []Deployment) (*Deployment, error) {
	value, ok := lookupArg(splitArgs(s.opt.Cmdline), "ostree")
	if !ok {
		return nil, nil
	}
	link, err := parseBootLink(value)
	if err != nil {
		return nil, fmt.Errorf("kernel command line: %w", err)
	}
	d, err := s.followBootLink(link)
	if missing(err) || errors.Is(err, ErrMalformed) {
		return onlyWithKernel(list, link), nil
	}
	if err != nil {
		return nil, fmt.Errorf("kernel command line: %w", err)
	}
	if i := indexOf(list, d); i >= 0 {
		return &list[i], nil
	}
	return nil, nil
}

// onlyWithKernel is the deployment with the kernel that a boot link names, if
// there is just one: the running one is always in the list.
func onlyWithKernel(list []Deployment, l bootLink) *Deployment {
	var found *Deployment
	for i := range list {
		if list[i].OS != l.os || list[i].BootChecksum != l.bootChecksum {
			continue
		}
		if found != nil {
			return nil
		}
		found = &list[i]
	}
	return found
}
