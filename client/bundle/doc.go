// Package bundle reads offline update bundles: directories, tar archives (plain,
// gzip or zstd) and streams of such.
//
// A bundle holds (spec/tuf.md, "Offline bundle")
//
//	tuf/          TUF metadata, and bundle-targets.json about the bundle
//	ostree_repo/  an OSTree repository with the commits of its targets
//	apps/         blobs/sha256/<hex>, apps/<app>/<manifest>/uri and more
//
// Nothing in a bundle is believed: metadata is handed out for package tuf to
// verify, and OSTree objects reach a repository only through repo.Txn, which
// compares their checksum. An archive is never unpacked: what is not looked at
// stays where it is.
package bundle
