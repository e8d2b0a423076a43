package config

import (
	"time"

	"github.com/sotabox/sotabox/internal/lockfile"
)

// Config is the effective configuration: files merged, defaults filled in,
// relative paths resolved. Sections and keys are those of sota.toml.
type Config struct {
	Logger     Logger
	P11        P11
	TLS        TLS
	Provision  Provision
	Uptane     Uptane
	Pacman     Pacman
	Storage    Storage
	Import     Import
	Telemetry  Telemetry
	Bootloader Bootloader

	// Files are the files read, in the order in which they were applied.
	Files []string
	// Warnings are one line each, for the log: unknown keys and values that
	// have no effect. None of them stops anything.
	Warnings []string
}

// Logger is section [logger].
type Logger struct {
	// LogLevel is 0 (trace) to 5 (fatal); 2, info, unless set.
	LogLevel int
}

// P11 is section [p11]: keys in a PKCS#11 token. They cannot be used by a
// static binary, see TLS; the values are kept to say so precisely.
type P11 struct {
	Module string
}

// Sources of a key or a certificate.
const (
	SourceFile   = "file"
	SourcePKCS11 = "pkcs11"
)

// TLS is section [tls].
type TLS struct {
	// Server is the base URL of the device gateway without a slash at its end.
	// Empty: a device that only takes offline bundles.
	Server string
	// CASource, CertSource and KeySource are SourceFile or SourcePKCS11.
	CASource, CertSource, KeySource string
}

// Provision is section [provision].
type Provision struct {
	// HardwareID selects targets; empty: the host name, as the C++ client has it.
	HardwareID string
	// Serial is the ECU serial in reports; empty: made up once and stored.
	Serial string
}

// Uptane is section [uptane].
type Uptane struct {
	// RepoServer is the base URL of the TUF metadata, by default <tls.server>/repo.
	RepoServer string
	// PollingInterval is polling_sec, how often the daemon checks in.
	PollingInterval time.Duration
}

// Package manager types, [pacman] type.
const (
	TypeNone       = "none" // decided by what is installed: an engine or not
	TypeOSTree     = "ostree"
	TypeOSTreeApps = "ostree+compose_apps"
)

// Pacman is section [pacman].
type Pacman struct {
	// Type is one of the Type constants.
	Type string
	// OS is the stateroot, "lmp" unless set.
	OS string
	// Sysroot is the path of the OSTree sysroot, "/" unless set.
	Sysroot string
	// OSTreeServer is the base URL of the OSTree repository, by default
	// <tls.server>/treehub.
	OSTreeServer string
	// OSTreeMaxRate, ours: ostree_max_rate, limits a pull over the network, in bytes
	// a second; 0: no limit.
	OSTreeMaxRate int64
	// Booted tells that this system runs from Sysroot (booted = "1"). Otherwise
	// (booted = "0" or "staged") Sysroot is prepared from outside, and what was
	// deployed last is what counts as current.
	Booted bool
	// Tags select targets: any of them; none configured: all targets.
	Tags []string
	// CallbackProgram is run around the steps of an update; empty: none.
	CallbackProgram string
	// AutoDowngrade lets an unnamed update go to a lower version when all
	// candidates are lower than the current one.
	AutoDowngrade bool
	// OSTreeUpdateBlock refuses an OS update while a boot firmware update waits
	// for a reboot.
	OSTreeUpdateBlock bool
	// ReservedSpacePercent, where not 0, replaces min-free-space-percent of the
	// OSTree repository: 3..50.
	ReservedSpacePercent int
	// StorageWatermark is how many per cent of the volume apps may fill: 20..95.
	StorageWatermark int
	// AllowUnsignedBundle takes offline bundles without bundle-targets.json.
	AllowUnsignedBundle bool

	// ComposeApps are the apps to run; not configured: all apps of the target.
	ComposeApps AppList
	// ResetApps are apps to keep fetched beside those that run; "*": all.
	ResetApps AppList
	// ComposeAppsRoot holds the compose projects.
	ComposeAppsRoot string
	// ResetAppsRoot is the store of app blobs.
	ResetAppsRoot string
	// ImagesDataRoot is where the engine keeps its images.
	ImagesDataRoot string
	// DockerComposeBin is the program, with arguments, that brings up apps.
	DockerComposeBin string
	// ComposeAppsProxy is a URL that answers the registry to fetch apps from.
	ComposeAppsProxy string
	// DockerPrune removes images and containers that nothing needs any more.
	DockerPrune bool
	// CreateContainersBeforeReboot creates them with the old OS still running.
	CreateContainersBeforeReboot bool
	// StopAppsBeforeUpdate stops apps that change together with the OS.
	StopAppsBeforeUpdate bool
	// ForceUpdate syncs apps even where they seem to be in place.
	ForceUpdate bool
}

// AppList is a list of app names that may be absent, which is not the same as
// empty.
type AppList struct {
	Configured bool
	Names      []string
}

// Storage is section [storage]. Paths are absolute or relative to the working
// directory, ready to be opened.
type Storage struct {
	// Path is the directory of everything the client remembers.
	Path string
	// UptaneMetadataPath is where roots of trust are provisioned (prod/, ci/),
	// /usr/lib/sota/tuf unless set.
	UptaneMetadataPath string
	// CACertPath, ClientCertPath and KeyPath are the device's identity for mTLS.
	CACertPath, ClientCertPath, KeyPath string
	// LockPath is the lock that one update at a time holds, ours: lock_path. The
	// C++ client knows only the default, lockfile.DefaultPath.
	LockPath string
}

// Import is section [import]: where to look for an identity that Storage does
// not have yet. Empty paths: nothing to import.
type Import struct {
	// BasePath also holds installed_versions, the first target.
	BasePath                            string
	CACertPath, ClientCertPath, KeyPath string
}

// Telemetry is section [telemetry]. The C++ client ignores it and reports
// whatever a gateway is configured for; here it can be switched off.
type Telemetry struct {
	ReportNetwork bool
	ReportConfig  bool
}

// Rollback modes, [bootloader] rollback_mode.
const (
	RollbackNone         = "none"
	RollbackUBootGeneric = "uboot_generic"
	RollbackUBootMasked  = "uboot_masked"
	RollbackFioVB        = "fiovb"
	RollbackFioEFI       = "fioefi"
)

// Bootloader is section [bootloader].
type Bootloader struct {
	// RollbackMode is one of the Rollback constants.
	RollbackMode string
	// RebootSentinelDir and RebootSentinelName place the file that exists from
	// an installation to the reboot.
	RebootSentinelDir, RebootSentinelName string
	// RebootCommand is the program, with arguments, that reboots; empty: none.
	RebootCommand string
}

// defaults is what an empty sota.toml means, before finish.
func defaults() *Config {
	return &Config{
		Logger: Logger{LogLevel: 2},
		TLS:    TLS{CASource: SourceFile, CertSource: SourceFile, KeySource: SourceFile},
		Uptane: Uptane{PollingInterval: 300 * time.Second},
		Pacman: Pacman{
			Type:                         TypeNone,
			Booted:                       true,
			OSTreeUpdateBlock:            true,
			StorageWatermark:             80,
			ComposeAppsRoot:              "/var/sota/compose-apps",
			ResetAppsRoot:                "/var/sota/reset-apps",
			ImagesDataRoot:               "/var/lib/docker",
			DockerComposeBin:             "/usr/bin/docker",
			DockerPrune:                  true,
			CreateContainersBeforeReboot: true,
			StopAppsBeforeUpdate:         true,
		},
		Storage: Storage{
			Path:           "/var/sota",
			CACertPath:     "root.crt",
			ClientCertPath: "client.pem",
			KeyPath:        "pkey.pem",
			LockPath:       lockfile.DefaultPath,
		},
		Import:    Import{BasePath: "/var/sota/import"},
		Telemetry: Telemetry{ReportNetwork: true, ReportConfig: true},
		Bootloader: Bootloader{
			RollbackMode:       RollbackNone,
			RebootSentinelDir:  "/var/run/aktualizr-session",
			RebootSentinelName: "need_reboot",
			RebootCommand:      "/sbin/reboot",
		},
	}
}
