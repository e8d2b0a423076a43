package object

import (
	"strings"
	"unicode/utf8"

	"github.com/sotabox/sotabox/ostreelite/object/gvariant"
)

// maxTarget is the longest target a symbolic link can have (PATH_MAX less the
// terminating zero byte), in bytes.
const maxTarget = 4095

// FileHeader is what a content object says beside its data.
type FileHeader struct {
	UID, GID uint32
	Mode     uint32 // with ModeRegular or ModeSymlink
	Target   string // of a symbolic link, else empty
	Xattrs   []Xattr
}

var (
	headerType        = gvariant.MustType("(uuuusa(ayay))")
	archiveHeaderType = gvariant.MustType("(tuuuusa(ayay))")
)

// IsSymlink reports whether the object is a symbolic link. Its data is empty.
func (h *FileHeader) IsSymlink() bool { return h.Mode&ModeType == ModeSymlink }

// Perm is the mode without the file type.
func (h *FileHeader) Perm() uint32 { return h.Mode & ModePerm }

// Validate checks mode, target and attributes. The error is an ErrMalformed.
func (h *FileHeader) Validate() error {
	if err := validateMode(h.Mode, ModeRegular, ModeSymlink); err != nil {
		return err
	}
	switch {
	case !h.IsSymlink() && h.Target != "":
		return malformed("a regular file with a link target")
	case h.IsSymlink() && (h.Target == "" || len(h.Target) > maxTarget ||
		strings.IndexByte(h.Target, 0) >= 0 || !utf8.ValidString(h.Target)):
		return malformed("bad link target %.80q", h.Target)
	}
	return validateXattrs(h.Xattrs)
}

// ParseFileHeader reads a bare header, "(uuuusa(ayay))". The result refers to
// data. The error is an ErrMalformed.
func ParseFileHeader(data []byte) (*FileHeader, error) {
	v, err := parse(headerType, data, MaxHeaderSize)
	if err != nil {
		return nil, err
	}
	return headerFrom(v, 0)
}

// Marshal serialises the bare header, without the framing of a stream.
func (h *FileHeader) Marshal() []byte {
	return gvariant.Tuple(headerType, be32(h.UID), be32(h.GID), be32(h.Mode), be32(0),
		gvariant.String(h.Target), marshalXattrs(h.Xattrs))
}

// headerFrom reads the members both kinds of header have, from the first on.
func headerFrom(v gvariant.Value, first int) (*FileHeader, error) {
	h := &FileHeader{
		UID:    v.At(first).BE32(),
		GID:    v.At(first + 1).BE32(),
		Mode:   v.At(first + 2).BE32(),
		Target: v.At(first + 4).Str(),
	}
	if v.At(first+3).BE32() != 0 {
		return nil, malformed("device number in a header")
	}
	var err error
	if h.Xattrs, err = parseXattrs(v.At(first + 5)); err != nil {
		return nil, err
	}
	return h, h.Validate()
}
