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
			need += int64(p.packed)
		} else {
			need += int64(p.unpacked)
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
			need += int64(f.packed)
		default:
			need += int64(f.unpacked)
		}
	}
	return parts, need, nil
}

// hasAll reports whether every object of a part is there.
func (a *applier) hasAll(p part) (bool, error) {
	list := bufio.NewReaderSize(p.objects.reader(), opsBuffer)
	for {
		n, err := nextEntry(list)
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		if have, err := a.txn.Has(n); err != nil || !have {
			return false, err
		}
	}
}

// nextEntry reads an entry of the list of a part's objects. What could be no object
// that a part brings is refused. The commit is in the superblock; another one would
// pose as one that is whole.
func nextEntry(list *bufio.Reader) (n object.Name, err error) {
	var entry [entrySize]byte
	if _, err := io.ReadFull(list, entry[:]); err != nil {
		return n, err
	}
	n = object.Name{Type: object.Type(entry[0]), Checksum: object.Checksum(entry[1:])}
	switch n.Type {
	case object.TypeFile, object.TypeDirTree, object.TypeDirMeta:
		return n, nil
	}
	return n, malformed("object of an unknown type")
}
