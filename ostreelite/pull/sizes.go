package pull

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// objectSize is one entry of a commit's "ostree.sizes" metadata.
type objectSize struct {
	name object.Name
	// archived is the size in an archive repository, unpacked that of the data, in bytes.
	archived, unpacked uint64
}

var errSizes = errors.New("malformed ostree.sizes entry")

// errNoSizes says that a commit does not list its objects' sizes; most do not.
var errNoSizes = errors.New("commit has no ostree.sizes")

// eachSize reads a commit's "ostree.sizes" metadata ("aay"), which a publisher may
// add with ostree commit --generate-sizes.
//
// An entry is the checksum, two variable-length numbers (base 128, least
// significant group first), and since 2020 a byte for the type of the object
// (ostree-core.h, OstreeCommitSizesEntry).
func eachSize(c *object.Commit, visit func(objectSize) error) error {
	list, ok := c.Lookup("ostree.sizes")
	if !ok || list.Type().String() != "aay" {
		return errNoSizes
	}
	for i := range list.Len() {
		s, err := parseSize(list.At(i).Bytes())
		if err != nil {
			return err
		}
		if err := visit(s); err != nil {
			return err
		}
	}
	return nil
}

func parseSize(entry []byte) (objectSize, error) {
	var s objectSize
	if len(entry) < len(s.name.Checksum)+2 {
		return s, errSizes
	}
	entry = entry[copy(s.name.Checksum[:], entry):]
	for _, to := range []*uint64{&s.archived, &s.unpacked} {
		v, n := binary.Uvarint(entry)
		if n <= 0 {
			return s, errSizes
		}
		*to, entry = v, entry[n:]
	}
	s.name.Type = object.TypeFile
	if len(entry) > 0 {
		s.name.Type = object.Type(entry[0])
	}
	switch s.name.Type {
	case object.TypeFile, object.TypeDirTree, object.TypeDirMeta:
		return s, nil
	}
	return s, errSizes
}

// blockSize is what a small file occupies at least, in bytes.
const blockSize = 4096

// missingSize sums what the objects that has does not know will occupy: in an
// archive repository their compressed size, else their data in whole blocks.
func missingSize(c *object.Commit, archive bool, has func(object.Name) (bool, error)) (int64, error) {
	var sum uint64
	err := eachSize(c, func(s objectSize) error {
		ok, err := has(s.name)
		if err != nil || ok {
			return err
		}
		size := s.unpacked
		if archive {
			size = s.archived
		}
		size = min(size, math.MaxInt64/2)
		size = (size + blockSize - 1) &^ (blockSize - 1)
		sum = min(sum+size, math.MaxInt64)
		return nil
	})
	return int64(sum), err
}
