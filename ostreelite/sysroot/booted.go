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

// findBooted is the deployment that runs: the one whose directory is "/", or
// else the one that ostree= on the kernel command line leads to. The first
// counts more, since after the next deployment was written the path on the
// command line may be gone or lead elsewhere.
func (s *Sysroot) findBooted(list []Deployment) (*Deployment, error) {
	root, err := rootID()
	if err != nil {
		return nil, err
	}
	for i := range list {
		id, err := s.treeID(list[i])
		if err != nil {
			return nil, err
		}
		if id == root {
			return &list[i], nil
		}
	}
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
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("kernel command line: %w", err)
	}
	if i := indexOf(list, d); i >= 0 {
		return &list[i], nil
	}
	return nil, nil
}
