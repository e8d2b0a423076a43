package bundle

import (
	"fmt"
	"strings"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// maxListed bounds each list of an Index, far above what factories publish.
const maxListed = 1 << 16

// maxURI is the size, in bytes, of the longest uri file of an app that is read.
const maxURI = 4 << 10

// Index lists what is in a bundle, by names alone: nothing of it is verified.
type Index struct {
	// Commits are those whose commit object is there.
	Commits map[object.Checksum]bool
	// Apps are the pinned URIs of the apps.
	Apps map[string]bool
	// Blobs are the sizes, in bytes, of the apps' blobs by SHA-256 in hexadecimal.
	Blobs map[string]int64
	// Objects is how many files of OSTree objects an archive has, 0 for a directory.
	Objects int64
}

func newIndex() *Index {
	return &Index{Commits: map[object.Checksum]bool{}, Apps: map[string]bool{}, Blobs: map[string]int64{}}
}

func (x *Index) addCommit(c object.Checksum) error {
	x.Commits[c] = true
	return listed("commits", len(x.Commits))
}

func (x *Index) addApp(uri []byte) error {
	x.Apps[strings.TrimSpace(string(uri))] = true
	return listed("apps", len(x.Apps))
}

func (x *Index) addBlob(digest string, size int64) error {
	x.Blobs[digest] = size
	return listed("blobs", len(x.Blobs))
}

func listed(what string, n int) error {
	if n > maxListed {
		return fmt.Errorf("%w: more than %d %s", ErrMalformed, maxListed, what)
	}
	return nil
}
