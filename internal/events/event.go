package events

import (
	"strings"
	"time"
)

// Event is one report. The order of members is that of spec/cli.md.
type Event struct {
	ID         string `json:"id"`
	DeviceTime string `json:"deviceTime"`
	EventType  Type   `json:"eventType"`
	Event      Body   `json:"event"`
}

// Type is what happened.
type Type struct {
	ID      string `json:"id"`
	Version int    `json:"version"`
}

// Body is to what it happened and how.
type Body struct {
	ECU           string `json:"ecu"`
	CorrelationID string `json:"correlationId"`
	TargetName    string `json:"targetName"`
	Version       string `json:"version"`
	Success       *bool  `json:"success,omitempty"`
	Details       string `json:"details,omitempty"`
}

// Subject is what an event is about.
type Subject struct {
	CorrelationID string
	TargetName    string
	Version       string
}

// Maker makes the events of one device.
type Maker struct {
	// ECU is the serial of the primary ECU.
	ECU string
	Now func() time.Time
}

// DownloadStarted: the pull of a target begins, for the reason in details.
func (m Maker) DownloadStarted(s Subject, details string) Event {
	return m.event("EcuDownloadStarted", s, nil, details)
}

// DownloadCompleted: the pull of a target has ended.
func (m Maker) DownloadCompleted(s Subject, success bool, details string) Event {
	return m.event("EcuDownloadCompleted", s, &success, details)
}

// InstallationStarted: a target that was pulled is about to be installed.
func (m Maker) InstallationStarted(s Subject) Event {
	return m.event("EcuInstallationStarted", s, nil, "")
}

// InstallationApplied: a target is installed and waits for a reboot.
func (m Maker) InstallationApplied(s Subject, details string) Event {
	return m.event("EcuInstallationApplied", s, nil, details)
}

// InstallationCompleted: a target runs, or will not.
func (m Maker) InstallationCompleted(s Subject, success bool, details string) Event {
	return m.event("EcuInstallationCompleted", s, &success, details)
}

// MetadataUpdateCompleted: TUF metadata has changed, or could not be refreshed.
// Its correlation id is one of MetadataCorrelationID.
func (m Maker) MetadataUpdateCompleted(s Subject, success bool, details string) Event {
	return m.event("MetadataUpdateCompleted", s, &success, details)
}

func (m Maker) event(id string, s Subject, success *bool, details string) Event {
	return Event{
		ID:         newUUID(),
		DeviceTime: m.Now().UTC().Format("2006-01-02T15:04:05Z"),
		EventType:  Type{ID: id},
		Event: Body{
			ECU:           m.ECU,
			CorrelationID: s.CorrelationID,
			TargetName:    s.TargetName,
			Version:       s.Version,
			Success:       success,
			Details:       truncate(details),
		},
	}
}

const (
	maxDetails  = 2048 // bytes; gateways cut or refuse more
	detailsTail = 1024 // the reason for a failure tends to stand last
	truncated   = "\n[TRUNCATED]\n"
)

// truncate cuts the middle out of details that are too long, between characters.
func truncate(s string) string {
	s = strings.ToValidUTF8(s, "?")
	if len(s) <= maxDetails {
		return s
	}
	head := s[:maxDetails-detailsTail-len(truncated)]
	tail := s[len(s)-detailsTail:]
	return strings.ToValidUTF8(head, "") + truncated + strings.ToValidUTF8(tail, "")
}
