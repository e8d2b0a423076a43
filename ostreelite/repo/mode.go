package repo

import "fmt"

// Mode is how a repository stores content objects.
type Mode int

// The modes. In a bare repository a content object is the file itself, with
// owner, mode and attributes. BareUser keeps those in the attribute
// user.ostreemeta, so that no privilege is needed. BareUserOnly does not keep
// them: owner 0, no attributes, no set-id bits. Archive keeps compressed files
// for static web servers.
const (
	Bare Mode = iota + 1
	BareUser
	BareUserOnly
	Archive
)

// String is the mode as core.mode has it.
func (m Mode) String() string {
	switch m {
	case Bare:
		return "bare"
	case BareUser:
		return "bare-user"
	case BareUserOnly:
		return "bare-user-only"
	case Archive:
		return "archive-z2"
	}
	return fmt.Sprintf("Mode(%d)", int(m))
}

// ParseMode reads a value of core.mode. The error is an ErrUnsupported.
func ParseMode(text string) (Mode, error) {
	switch text {
	case "bare":
		return Bare, nil
	case "bare-user":
		return BareUser, nil
	case "bare-user-only":
		return BareUserOnly, nil
	case "archive", "archive-z2":
		return Archive, nil
	}
	return 0, fmt.Errorf("%w: core.mode %.80q", ErrUnsupported, text)
}
