//go:build factory

// Package metadata writes TUF metadata in the factory dialect: the Uptane
// flavoured documents that existing device gateways serve (root, targets,
// snapshot, timestamp; no delegations).
//
// A Repository is a directory of published documents and a directory of key
// files. Nothing else is remembered: versions, thresholds and which key signs
// which role are read back from the documents themselves. Documents are
// published indented, for people; signatures and hashes are over the canonical
// form, as clients compute them.
package metadata
