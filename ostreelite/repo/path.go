package repo

import (
	"encoding/hex"
	"strings"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// loosePath is where an object's file is under objects/ and staging
// directories (libostree's _ostree_loose_path).
func loosePath(n object.Name, mode Mode) string {
	ext := n.Type.String()
	if n.Type == object.TypeFile {
		ext = contentExt(mode)
	}
	return loosePathExt(n.Checksum, ext)
}

// contentExt is how the names of content objects end.
func contentExt(mode Mode) string {
	if mode == Archive {
		return "filez"
	}
	return "file"
}

func loosePathExt(c object.Checksum, ext string) string {
	b := make([]byte, 0, 2*len(c)+2+len(ext))
	b = hex.AppendEncode(b, c[:1])
	b = append(b, '/')
	b = hex.AppendEncode(b, c[1:])
	b = append(b, '.')
	return string(append(b, ext...))
}

// parseLoosePath is the other way round, for a file in directory dir ("ab").
// ok is false for what is no object of ours; the checksum is that of the object
// it goes with, or zero.
func parseLoosePath(dir, file string, mode Mode) (n object.Name, ext string, ok bool) {
	sum, ext, found := strings.Cut(file, ".")
	if !found {
		return n, "", false
	}
	c, err := object.ParseChecksum(dir + sum)
	if err != nil {
		return n, "", false
	}
	n.Checksum = c
	switch ext {
	case object.TypeCommit.String():
		n.Type = object.TypeCommit
	case object.TypeDirTree.String():
		n.Type = object.TypeDirTree
	case object.TypeDirMeta.String():
		n.Type = object.TypeDirMeta
	case contentExt(mode):
		n.Type = object.TypeFile
	}
	return n, ext, n.Type != 0
}
