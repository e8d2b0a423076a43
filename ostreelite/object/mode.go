package object

// The file type bits of a mode, as st_mode has them.
const (
	ModeType    = 0o170000 // S_IFMT
	ModeDir     = 0o040000 // S_IFDIR
	ModeRegular = 0o100000 // S_IFREG
	ModeSymlink = 0o120000 // S_IFLNK
	ModePerm    = 0o7777   // permissions with set-id and sticky bits
)

// validateMode accepts the given file types only, and no bits that st_mode
// does not have.
func validateMode(mode uint32, types ...uint32) error {
	if mode&^(ModeType|ModePerm) == 0 {
		for _, t := range types {
			if mode&ModeType == t {
				return nil
			}
		}
	}
	return malformed("mode %o is not allowed here", mode)
}
