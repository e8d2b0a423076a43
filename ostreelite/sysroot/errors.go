package sysroot

import (
	"errors"

	"github.com/sotabox/sotabox/ostreelite/repo"
)

// Error classes of this package, matched with errors.Is.
var (
	// ErrNoDeployment: the deployment asked for is not in the list.
	ErrNoDeployment = errors.New("no such deployment")
	// ErrNoStateroot: the stateroot (OS name) was never set up.
	ErrNoStateroot = errors.New("no such stateroot")
	// ErrNotBooted: the running system was said to be a deployment of this
	// sysroot, and none of the deployments is it.
	ErrNotBooted = errors.New("booted deployment not found")
	// ErrLocked: another process changes the deployments and did not finish in time.
	ErrLocked = errors.New("sysroot is locked")
	// ErrNoKernel: the tree to deploy holds no kernel.
	ErrNoKernel = errors.New("no kernel in tree")
	// ErrNoSpace: a file system has no room for what the deployment adds to it.
	ErrNoSpace = repo.ErrNoSpace
	// ErrMerge: the changes in /etc do not fit the new tree.
	ErrMerge = errors.New("conflict with the new tree")
	// ErrTree: the tree to deploy is not one that can be booted from.
	ErrTree = errors.New("tree cannot be deployed")
	// ErrUnsupported: the system needs something that this package does not do.
	ErrUnsupported = errors.New("not supported")
	// ErrMalformed: a file of the sysroot is not in the form libostree gives it.
	ErrMalformed = errors.New("malformed")
)
