package sysroot

import (
	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// Deployment is one bootable tree of the system. Its identity is OS, Commit
// and Serial; the rest is what was read about it.
type Deployment struct {
	// OS is the stateroot it belongs to.
	OS string
	// Commit is the commit that was checked out.
	Commit object.Checksum
	// Serial tells deployments of one commit in one stateroot apart.
	Serial int
	// BootChecksum names its kernel and initramfs: 64 hexadecimal digits.
	BootChecksum string
	// BootSerial tells deployments with one BootChecksum apart, in boot order.
	BootSerial int
	// BootVersion is the bootversion its boot loader entry belongs to.
	BootVersion int
	// KernelArgs is the kernel command line without ostree=.
	KernelArgs []string
	// Refspec is what the deployment follows, empty if its origin names nothing.
	Refspec string
	// Pinned deployments stay until they are unpinned.
	Pinned bool
	// Version is the "version" metadata of the commit, often empty.
	Version string

	entry  *bootEntry
	origin *repo.Keyfile // nil: no origin file
}

// Name is COMMIT.SERIAL, the name of the deployment's directory.
func (d Deployment) Name() string { return deployName(d.Commit, d.Serial) }

// Path is the deployment's directory relative to the sysroot.
func (d Deployment) Path() string { return "ostree/deploy/" + d.OS + "/deploy/" + d.Name() }

// Same reports whether both are one deployment.
func (d Deployment) Same(o Deployment) bool {
	return d.OS == o.OS && d.Commit == o.Commit && d.Serial == o.Serial
}
