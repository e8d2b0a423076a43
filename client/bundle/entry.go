package bundle

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// kind says what a file in an archive is.
type kind int

const (
	// other is not looked at.
	other kind = iota
	// document is a file in tuf/.
	document
	// ostreeObject is an object of an archive repository.
	ostreeObject
	// bareObject is a content object of any other repository.
	bareObject
	// appURI holds the URI of an app.
	appURI
	// blob is a blob of an app.
	blob
)

// entry is what the name of a file in an archive says.
type entry struct {
	kind kind
	// name is that of a document in tuf/, or the digest of a blob.
	name   string
	object object.Name
}

// isContent reports whether the entry is beyond the metadata, which a stream
// has first.
func (e entry) isContent() bool { return e.kind > document }

// classify tells what a name stands for. A name that leads out of the bundle, or
// has more than one reading, is an ErrMalformed.
func classify(name string) (entry, error) {
	plain := strings.TrimSuffix(strings.TrimPrefix(name, "./"), "/")
	if plain == "" {
		plain = "."
	}
	if !fs.ValidPath(plain) {
		return entry{}, fmt.Errorf("%w: it has an entry named %.100q", ErrMalformed, name)
	}
	parts := strings.Split(plain, "/")
	switch {
	case len(parts) == 2 && parts[0] == "tuf" && strings.HasSuffix(parts[1], ".json"):
		return entry{kind: document, name: parts[1]}, nil
	case len(parts) == 4 && parts[0] == "ostree_repo" && parts[1] == "objects":
		return objectEntry(parts[2], parts[3]), nil
	case len(parts) == 5 && parts[0] == "apps" && parts[1] == "apps" && parts[4] == "uri":
		return entry{kind: appURI}, nil
	case len(parts) == 4 && parts[0] == "apps" && parts[1] == "blobs" && parts[2] == "sha256" && isSHA256(parts[3]):
		return entry{kind: blob, name: parts[3]}, nil
	}
	return entry{}, nil
}

// objectEntry is for objects/dir/file (libostree docs/repo.md); detached metadata
// and the like are other.
func objectEntry(dir, file string) entry {
	rest, extension, _ := strings.Cut(file, ".")
	if len(dir) != 2 {
		return entry{}
	}
	c, err := object.ParseChecksum(dir + rest)
	if err != nil {
		return entry{}
	}
	e := entry{kind: ostreeObject, object: object.Name{Checksum: c}}
	switch extension {
	case "filez":
		e.object.Type = object.TypeFile
	case "file":
		e.kind, e.object.Type = bareObject, object.TypeFile
	case "dirtree":
		e.object.Type = object.TypeDirTree
	case "dirmeta":
		e.object.Type = object.TypeDirMeta
	case "commit":
		e.object.Type = object.TypeCommit
	default:
		return entry{}
	}
	return e
}

// isSHA256 reports whether name is 64 lower-case hexadecimal digits.
func isSHA256(name string) bool {
	_, err := object.ParseChecksum(name)
	return err == nil
}
