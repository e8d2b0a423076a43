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
// On file systems without links, boot/loader is the directory itself; see
// loaderLayout. The boot loaders none (those that read the entries), U-Boot,
// syslinux, GRUB and systemd-boot are supported.
//
// # Order of writes
//
// What boots next is decided by one rename: of boot/loader when entries or
// kernels change (a new bootversion), of ostree/boot.V otherwise (a new
// subbootversion). A power cut may keep any part of what was written since the
// last flush and lose the rest, and the two may be on different file systems.
// That a device boots the old or the new deployment, whole, rests on this:
//
//  1. Nothing in effect is changed before the rename: a new tree, its links in
//     ostree/boot.V.S, kernels, entries and boot loader files all go to names
//     that nothing refers to yet. A file gets its name when it is complete.
//  2. Both file systems are flushed before the rename, through ostree and boot
//     and not through the root directory, which may be another file system
//     (ostreedev/ostree#2283). That includes the link that is to be renamed.
//  3. The rename itself is made durable before anything the old state needs is
//     removed, where the boot loader sees it: in its place on the disk and not
//     only in a journal, which boot loaders do not read (ostreedev/ostree#3392).
//     settle does this. Every change of the list and every cleanup begins with
//     it, which makes up for a process that was killed right after its rename.
//  4. Where one rename is not enough, the steps are flushed one by one, the one
//     that changes what boots is the first that can be seen, and the next change
//     finishes the others before it reads the list: publishInPlace for a
//     directory boot/loader that cannot be exchanged, finishGrubEFI for GRUB's
//     file on the EFI system partition.
//  5. Room in boot is made, if need be, by a whole change of its own that keeps
//     what runs (pruneEarly).
//
// A deployment that no entry refers to is a leftover; Cleanup removes it.
package sysroot
