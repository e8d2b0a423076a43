package client

import (
	"encoding/json"
	"strings"
)

// CurrentTargetFile is the name, below storage.path, of the file that tells
// scripts the current target as shell assignments.
const CurrentTargetFile = "current-target"

// shellAssignments renders t as the lines of that file: only what is known of
// t, each value quoted so that a shell which sources the file takes it
// literally.
func shellAssignments(t Target) string {
	var custom struct {
		Version      string   `json:"version"`
		Manifest     string   `json:"lmp-manifest-sha"`
		MetaOverride string   `json:"meta-subscriber-overrides-sha"`
		Containers   string   `json:"containers-sha"`
		Tags         []string `json:"tags"`
	}
	// What does not parse is not known; the name always is.
	_ = json.Unmarshal(t.Custom, &custom)
	var b strings.Builder
	for _, line := range [...]struct{ name, value string }{
		{"TARGET_NAME", t.Name},
		{"CUSTOM_VERSION", custom.Version},
		{"LMP_MANIFEST_SHA", custom.Manifest},
		{"META_SUBSCRIBER_OVERRIDES_SHA", custom.MetaOverride},
		{"CONTAINERS_SHA", custom.Containers},
		{"TAG", strings.Join(custom.Tags, ",")},
	} {
		if line.value != "" {
			b.WriteString(line.name + `="` + shellEscape(line.value) + "\"\n")
		}
	}
	return b.String()
}

// shellEscape makes s safe between double quotes (POSIX shell, 2.2.3) and
// keeps it on one line.
func shellEscape(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r < ' ' || r == 0x7f:
			b.WriteByte(' ')
		case strings.ContainsRune("\\\"$`", r):
			b.WriteByte('\\')
			fallthrough
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
