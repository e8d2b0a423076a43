package delta

import (
	"encoding/base64"
	"strconv"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// encode writes a checksum as the names of deltas have it: base64 with "_"
// instead of "/", not padded (docs/formats.md, "Static delta repository layout").
func encode(c object.Checksum) string {
	text := base64.RawStdEncoding.AppendEncode(nil, c[:])
	for i, b := range text {
		if b == '/' {
			text[i] = '_'
		}
	}
	return string(text)
}

// Dir is the directory, in a repository, of the delta between two commits.
// From is zero for a delta from scratch.
func Dir(from, to object.Checksum) string {
	name := encode(to)
	if !from.IsZero() {
		name = encode(from) + "-" + name
	}
	return "deltas/" + name[:2] + "/" + name[2:]
}

// SuperblockPath is where the superblock of a delta is in a repository.
func SuperblockPath(from, to object.Checksum) string { return Dir(from, to) + "/superblock" }

// PartPath is where a part of a delta is in a repository, or, of one that is in
// the superblock, its name there.
func PartPath(from, to object.Checksum, number int) string {
	return Dir(from, to) + "/" + strconv.Itoa(number)
}

// IndexPath is where the list of the deltas to a commit is in a repository.
func IndexPath(to object.Checksum) string {
	name := encode(to)
	return "delta-indexes/" + name[:2] + "/" + name[2:] + ".index"
}

// Name is what a delta is called in lists of deltas.
func Name(from, to object.Checksum) string {
	if from.IsZero() {
		return to.String()
	}
	return from.String() + "-" + to.String()
}
