package tuf

import (
	"fmt"
	"time"
)

// Role names, as in file names and error messages.
const (
	roleRoot      = "root"
	roleTimestamp = "timestamp"
	roleSnapshot  = "snapshot"
	roleTargets   = "targets"
)

// dialect verifies the documents of one repository, in the order of section 5 of the TUF specification, and keeps what
// was verified. The workflow around it is the same for both dialects.
//
// The update methods verify a document and make it the current one. Errors are of type *Error.
type dialect interface {
	// updateRoot verifies the successor of the current root, against both. Expiry is not its business.
	updateRoot(data []byte) error
	// remember takes what an earlier run verified and stored, once the root is final. Whatever of it still verifies
	// guards against rollback.
	remember(stored *set)
	// updateTimestamp reports whether data became current; if the remembered one says the same, that stays current.
	updateTimestamp(data []byte) (bool, error)
	snapshotName() string
	// keepSnapshot makes the remembered snapshot current and reports true if it is the one that the timestamp names, so
	// that it need not be fetched.
	keepSnapshot() bool
	updateSnapshot(data []byte) error
	targetsName() string
	// keepTargets is to targets and snapshot what keepSnapshot is to snapshot and timestamp.
	keepTargets() bool
	updateTargets(data []byte) error

	// openBundle verifies and parses the document of an offline bundle, apart from whether it suits the device.
	openBundle(data []byte) (*BundleInfo, error)

	// current returns version and expiry of the current document of a role, which exists.
	current(role string) (int64, time.Time)
	// targets returns the targets of the current targets document, and those of them that are malformed.
	targets() ([]Target, []SkippedTarget)
}

// openRoot starts with a root that is trusted for a reason outside of TUF. It must be signed by its own keys. The root
// alone decides which dialect all documents of the repository must have. A zero now means that nothing is expired yet.
func openRoot(data []byte, now time.Time) (dialect, error) {
	signed, err := signedMembers(data)
	if err != nil {
		return nil, refused(roleRoot, 0, err)
	}
	kind, err := parseString(signed["_type"])
	if err != nil {
		return nil, refused(roleRoot, claimedVersion(data), fmt.Errorf(`member "_type": %w`, err))
	}
	switch kind {
	case factoryTypes[roleRoot]:
		return openFactory(data)
	case roleRoot:
		return openStandard(data, now)
	}
	return nil, refused(roleRoot, claimedVersion(data), fmt.Errorf("its type is %.64q, not that of a root", kind))
}
