// Package sysroot reads and writes the system root of an OSTree device: the
// list of deployments, their boot loader entries and the links between them.
//
// The layout is libostree's (its docs/deployment.md and docs/atomic-upgrades.md),
// as version 2022.7 reads and writes it, so that both can take turns on one
// device:
//
//	/ostree/repo                              the repository
//	/ostree/lock                              held while deployments change
//	/ostree/deploy/OS/deploy/COMMIT.SERIAL    a deployment: hard links and its own /etc
//	/ostree/deploy/OS/deploy/COMMIT.SERIAL.origin
//	/ostree/deploy/OS/var                     shared by the deployments of a stateroot
//	/ostree/boot.V -> boot.V.S                links named OS/BOOTCSUM/N to deployments
//	/boot/ostree/OS-BOOTCSUM/                 kernel, initramfs, device trees
//	/boot/loader -> loader.V/entries          boot loader entries; V is the bootversion
//
// What boots next is decided by one rename: of /boot/loader when entries or
// kernels change (a new bootversion), of /ostree/boot.V otherwise (a new
// subbootversion). Everything the new state needs is written and flushed before
// that rename, and nothing the old state needs is removed before the rename
// itself has reached the disk. A deployment that no entry refers to is a
// leftover; Cleanup removes it.
package sysroot
