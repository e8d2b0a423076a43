package tuf

import (
	"encoding/json"
	"time"
)

// FormatOSTree is the Target.Format of targets that are OSTree commits.
const FormatOSTree = "OSTREE"

// Target is one entry of a verified targets document. The members from Version on are the parsed form of well-known
// members of its "custom" object; one that is absent there is zero here.
type Target struct {
	// Name identifies the target in its repository. It holds no control characters, but it may hold anything else.
	Name string
	// SHA256 is 64 lower-case hexadecimal digits, for an OSTree target its commit; "" if the entry has no sha256.
	SHA256 string
	// Length is in bytes; 0 for OSTree targets.
	Length int64

	// Version is "version", a decimal string. Every OSTree target has one.
	Version int
	// HardwareIDs is "hardwareIds". Every OSTree target has exactly one.
	HardwareIDs []string
	// Tags is "tags".
	Tags []string
	// Format is "targetFormat".
	Format string
	// Apps is "docker_compose_apps" by app name. A name is usable as the name of a directory.
	Apps map[string]App
	// DeltaStats is "delta-stats": where sizes of static deltas are listed; nil if absent.
	DeltaStats *DeltaStats
	// FetchedApps is "fetched-apps": which apps an offline bundle holds; nil if absent.
	FetchedApps *FetchedApps
	// ManifestSHA is "lmp-manifest-sha".
	ManifestSHA string
	// OverridesSHA is "meta-subscriber-overrides-sha".
	OverridesSHA string
	// ContainersSHA is "containers-sha".
	ContainersSHA string
	// Arch is "arch".
	Arch string
	// ImageFile is "image-file".
	ImageFile string
	// URI is "uri", a link for people.
	URI string
	// CreatedAt and UpdatedAt are "createdAt" and "updatedAt"; zero if absent or not a time.
	CreatedAt, UpdatedAt time.Time

	// Custom is the whole "custom" object, with the members that are not listed above; nil if there is none.
	Custom json.RawMessage
}

// App is a compose app of a target.
type App struct {
	// URI is the pinned reference of the app in its registry.
	URI string
}

// DeltaStats names a document with the sizes of static deltas.
type DeltaStats struct {
	// SHA256 is 64 lower-case hexadecimal digits.
	SHA256 string
	// Size is in bytes.
	Size int64
}

// FetchedApps describes the apps of an offline bundle. An empty URI means none, an empty shortlist all.
type FetchedApps struct {
	URI       string
	Shortlist []string
}

// SkippedTarget is an entry that is left out of the targets because it is malformed. The others are good: one bad entry
// out of many must not keep a fleet from its updates.
type SkippedTarget struct {
	Name string
	// Reason is one line.
	Reason string
}
