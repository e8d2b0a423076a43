package object

import (
	"encoding/binary"

	"github.com/sotabox/sotabox/ostreelite/object/gvariant"
)

// DirMeta is a dirmeta object: owner, mode and attributes of a directory.
type DirMeta struct {
	UID, GID uint32
	Mode     uint32 // with ModeDir
	Xattrs   []Xattr
}

var dirMetaType = gvariant.MustType("(uuua(ayay))")

// ParseDirMeta reads a dirmeta object. The result refers to data.
// The error is an ErrMalformed.
func ParseDirMeta(data []byte) (*DirMeta, error) {
	v, err := parse(dirMetaType, data, MaxMetadataSize)
	if err != nil {
		return nil, err
	}
	d := &DirMeta{UID: v.At(0).BE32(), GID: v.At(1).BE32(), Mode: v.At(2).BE32()}
	if d.Xattrs, err = parseXattrs(v.At(3)); err != nil {
		return nil, err
	}
	return d, validateMode(d.Mode, ModeDir)
}

// Marshal serialises the object; its checksum is the Sum of that.
func (d *DirMeta) Marshal() []byte {
	return gvariant.Tuple(dirMetaType, be32(d.UID), be32(d.GID), be32(d.Mode), marshalXattrs(d.Xattrs))
}

// parse checks size and normal form.
func parse(t *gvariant.Type, data []byte, limit int) (gvariant.Value, error) {
	if len(data) > limit {
		return gvariant.Value{}, malformed("%d bytes, more than %d", len(data), limit)
	}
	v, err := gvariant.Parse(t, data)
	if err != nil {
		return v, malformed("%w", err)
	}
	return v, nil
}

func be32(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

func be64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
