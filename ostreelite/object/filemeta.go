package object

import "github.com/sotabox/sotabox/ostreelite/object/gvariant"

// MarshalMeta serialises what a bare-user repository keeps in a content
// object's attribute user.ostreemeta, "(uuua(ayay))": the header without the
// link target, which is the file's content there.
func (h *FileHeader) MarshalMeta() []byte {
	return gvariant.Tuple(dirMetaType, be32(h.UID), be32(h.GID), be32(h.Mode), marshalXattrs(h.Xattrs))
}

// ParseMeta reads what MarshalMeta writes. Target is not known from it, and so
// not checked. The error is an ErrMalformed.
func ParseMeta(data []byte) (*FileHeader, error) {
	v, err := parse(dirMetaType, data, MaxHeaderSize)
	if err != nil {
		return nil, err
	}
	h := &FileHeader{UID: v.At(0).BE32(), GID: v.At(1).BE32(), Mode: v.At(2).BE32()}
	if h.Xattrs, err = parseXattrs(v.At(3)); err != nil {
		return nil, err
	}
	return h, validateMode(h.Mode, ModeRegular, ModeSymlink)
}
