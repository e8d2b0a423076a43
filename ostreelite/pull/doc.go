// Package pull brings a commit and everything it refers to into an OSTree
// repository: over HTTP from an archive repository ([Pull]) or from another
// repository on this machine ([Local]).
//
// One scheduler serves both. It walks the commit from its root: scanning a
// dirtree yields more dirtrees and dirmetas, which go first, and content
// objects, which a fixed pool of workers drains. What waits is bounded whatever
// the size of the tree, and so is memory. Objects which the destination has are
// not fetched, which is also how an interrupted pull continues.
//
// Nothing a source sends is believed. Objects reach the repository only through
// [repo.Txn], which compares the checksum before an object gets its final name.
// The commit object comes last, after all it refers to is durable, then the
// mark of the partial commit goes, then the ref is set.
//
// The formats are OSTree's: docs/repo.md and docs/formats.md of ostreedev/ostree.
package pull
