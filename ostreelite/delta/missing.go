package delta

import (
	"bufio"
	"io"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// missing are the parts that bring something new, and the bytes which that will
// take, with the objects that the delta leaves out.
func (a *applier) missing(s *superblock) (parts []part, need int64, err error) {
	archive := a.repo.Mode() == repo.Archive
	for _, p := range s.parts {
		have, err := a.hasAll(p)
		if err != nil {
			return nil, 0, err
		}
		if have {
			continue
		}
		parts = append(parts, p)
		if archive {
			need += p.size
		} else {
			need += p.unpacked
		}
	}
	for _, f := range s.fallbacks {
		have, err := a.txn.Has(f.Name)
		if err != nil {
			return nil, 0, err
		}
		switch {
		case have:
		case archive:
			need += f.packed
		default:
			need += f.unpacked
		}
	}
	return parts, need, nil
}

// hasAll reports whether every object of a part is there.
func (a *applier) hasAll(p part) (bool, error) {
	list := bufio.NewReaderSize(p.objects.reader(), opsBuffer)
	for {
		var entry [entrySize]byte
		_, err := io.ReadFull(list, entry[:])
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		n, err := parseEntry(entry)
		if err != nil {
			return false, err
		}
		if have, err := a.txn.Has(n); err != nil || !have {
			return false, err
		}
	}
}

// parseEntry reads an entry of the list of a part's objects.
func parseEntry(entry [entrySize]byte) (object.Name, error) {
	n := object.Name{Type: object.Type(entry[0]), Checksum: object.Checksum(entry[1:])}
	return n, validType(n.Type)
}

// validType refuses what is no object that a part could bring. The commit is in
// the superblock; another one would pose as one that is whole.
func validType(t object.Type) error {
	switch t {
	case object.TypeFile, object.TypeDirTree, object.TypeDirMeta:
		return nil
	}
	return malformed("object of type %d", t)
}
