// Package pull brings a commit and everything it refers to into an OSTree
// repository: over HTTP from an archive repository ([Pull]) or from another
// repository on this machine ([Local]). [Configured] reads how to from a remote in
// a repository's config file; metadata of targets, not that file, is what an
// update goes by.
//
// One scheduler serves both. It walks the commit from its root: scanning a
// dirtree yields more dirtrees and dirmetas, which go first, and content
// objects, which a pool of workers drains. What waits is bounded whatever
// the size of the tree, and so is memory. Objects which the destination has are
// not fetched, which is also how an interrupted pull continues.
//
// Over HTTP a worker is a request in flight. How many there are follows the
// shortest round trip seen, since with a long one a pull is bound by waiting. They
// are HTTP/1.1 over kept connections: over a link with a round trip of 50 ms,
// HTTP/2 with as many requests in flight took as long (18.8 s, and 18.2 to 19.7 s,
// for 16,400 objects), twice the memory (45 MB beside 22 MB), and it would make the
// binary 0.4 MB larger. A large object that breaks off is continued with a range
// request by the same process; another process begins with that object anew,
// because what is not verified yet has no name to be found by.
//
// Nothing a source sends is believed. Objects reach the repository only through
// [repo.Txn], which compares the checksum before an object gets its final name.
// The commit object comes last, after all it refers to is durable, then the
// mark of the partial commit goes, then the ref is set.
//
// The formats are OSTree's: docs/repo.md and docs/formats.md of ostreedev/ostree.
package pull
