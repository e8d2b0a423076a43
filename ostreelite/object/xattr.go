package object

import (
	"bytes"
	"slices"

	"github.com/sotabox/sotabox/ostreelite/object/gvariant"
)

// The kernel's own limits (XATTR_NAME_MAX, XATTR_SIZE_MAX).
const (
	maxXattrName  = 255
	maxXattrValue = 64 << 10
)

// Xattr is an extended attribute. Name is without a terminating zero byte.
// Lists of them are sorted by name, without duplicates.
type Xattr struct{ Name, Value []byte }

// SortXattrs puts a list of attributes into the order objects have them in.
func SortXattrs(list []Xattr) {
	slices.SortFunc(list, func(a, b Xattr) int { return bytes.Compare(a.Name, b.Name) })
}

var (
	xattrsType = gvariant.MustType("a(ayay)")
	xattrType  = xattrsType.Elem(0)
)

// parseXattrs copies nothing: names and values refer to v's bytes.
func parseXattrs(v gvariant.Value) ([]Xattr, error) {
	n := v.Len()
	if n == 0 {
		return nil, nil
	}
	list := make([]Xattr, 0, min(n, 64))
	for i := range n {
		e := v.At(i)
		name, ok := bytes.CutSuffix(e.At(0).Bytes(), []byte{0})
		if !ok {
			return nil, malformed("xattr name without an end")
		}
		list = append(list, Xattr{name, e.At(1).Bytes()})
	}
	return list, validateXattrs(list)
}

func validateXattrs(list []Xattr) error {
	for i, x := range list {
		switch {
		case len(x.Name) == 0 || len(x.Name) > maxXattrName || bytes.IndexByte(x.Name, 0) >= 0:
			return malformed("bad xattr name %.80q", x.Name)
		case len(x.Value) > maxXattrValue:
			return malformed("xattr %q has %d bytes", x.Name, len(x.Value))
		case i > 0 && bytes.Compare(list[i-1].Name, x.Name) >= 0:
			return malformed("xattr %q is out of order", x.Name)
		}
	}
	return nil
}

func marshalXattrs(list []Xattr) []byte {
	if len(list) == 0 {
		return nil
	}
	elems := make([][]byte, 0, len(list))
	for _, x := range list {
		elems = append(elems, gvariant.Tuple(xattrType, append(slices.Clip(x.Name), 0), x.Value))
	}
	return gvariant.Array(xattrsType, elems...)
}

// EqualXattrs reports whether two lists are the same.
func EqualXattrs(a, b []Xattr) bool {
	return slices.EqualFunc(a, b, func(x, y Xattr) bool {
		return bytes.Equal(x.Name, y.Name) && bytes.Equal(x.Value, y.Value)
	})
}
