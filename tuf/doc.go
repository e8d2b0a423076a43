// Package tuf is a TUF client (The Update Framework, specification 1.0, section 5): it turns metadata from a source that
// nobody needs to trust into a verified list of targets, and keeps the verified set in a directory.
//
// Two dialects of metadata are understood. The standard one is verified by go-tuf. The factory dialect, which device
// gateways of Uptane heritage serve, differs in envelope, keys, canonical form and in what is hashed, and is verified
// here. Which one a repository speaks is decided by the trusted root alone. Both go through one workflow, Client.Refresh.
//
// The package reads files only in the directories it was given and never the network: that is the Source's part.
package tuf
