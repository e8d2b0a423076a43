package object

// Type is the kind of an object. The values are libostree's
// (OstreeObjectType), as static deltas and ostree.sizes use them on the wire.
type Type uint8

// The kinds of objects. TypeFile is content, the others are metadata.
const (
	TypeFile    Type = 1
	TypeDirTree Type = 2
	TypeDirMeta Type = 3
	TypeCommit  Type = 4
)

// String is the type as it stands in the name of a stored object's file.
func (t Type) String() string {
	switch t {
	case TypeFile:
		return "file"
	case TypeDirTree:
		return "dirtree"
	case TypeDirMeta:
		return "dirmeta"
	case TypeCommit:
		return "commit"
	}
	return "unknown"
}

// IsMetadata reports whether objects of the type are metadata.
func (t Type) IsMetadata() bool { return t == TypeDirTree || t == TypeDirMeta || t == TypeCommit }

// Name names an object.
type Name struct {
	Type     Type
	Checksum Checksum
}

// String is the name as libostree prints it: checksum, dot, type.
func (n Name) String() string { return n.Checksum.String() + "." + n.Type.String() }
