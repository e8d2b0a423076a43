package events

import (
	"crypto/rand"
	"fmt"
	"strings"
)

// maxCorrelationID is the longest correlation id, in bytes (spec/cli.md).
const maxCorrelationID = 63

// CorrelationID makes the id that ties the events of one update together:
// <version>-<uuid>, less than 64 bytes, of letters, digits, '-' and '_', which is
// all that gateways take. version is that of the target, or its name without one.
func CorrelationID(version string) string {
	const uuidLen = 36
	version = strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, version)
	return version[:min(len(version), maxCorrelationID-1-uuidLen)] + "-" + newUUID()
}

// MetadataCorrelationID makes the id of a refresh of metadata, tuf-meta-<uuid>.
func MetadataCorrelationID() string { return "tuf-meta-" + newUUID() }

// newUUID makes a random UUID (RFC 9562, version 4).
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
