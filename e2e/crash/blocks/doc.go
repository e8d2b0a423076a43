//go:build factory

// Package blocks records what a file system writes to its disk, and makes from
// the record the disks that a power cut could have left.
//
// A Recorder holds disks in memory and serves them as files of a small FUSE file
// system. A loop device over such a file is a disk for the kernel: every write
// and every flush (an fsync of the file) arrives at the Recorder, in order. No
// virtual machine and no device mapper is needed, but root is.
//
// Until a disk is flushed a cut may lose any of the writes since its flush
// before. A Replay goes through the record and offers, at each flush, the disks
// with chosen subsets of those writes (dm-log-writes and ALICE work alike).
package blocks
