package events

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func maker() Maker {
	zone := time.FixedZone("", 2*3600)
	return Maker{ECU: "ecu-1", Now: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 678, zone) }}
}

func TestEvents(t *testing.T) {
	m, s := maker(), Subject{CorrelationID: "42-x", TargetName: "board-lmp-42", Version: "42"}
	head := `"eventType":{"id":"%","version":0},"event":{"ecu":"ecu-1","correlationId":"42-x","targetName":"board-lmp-42","version":"42"`
	tests := map[string]struct {
		event Event
		more  string
	}{
		"EcuDownloadStarted":       {m.DownloadStarted(s, "why"), `,"details":"why"}`},
		"EcuDownloadCompleted":     {m.DownloadCompleted(s, false, "no route"), `,"success":false,"details":"no route"}`},
		"EcuInstallationStarted":   {m.InstallationStarted(s), `}`},
		"EcuInstallationApplied":   {m.InstallationApplied(s, ""), `}`},
		"EcuInstallationCompleted": {m.InstallationCompleted(s, true, ""), `,"success":true}`},
		"MetadataUpdateCompleted":  {m.MetadataUpdateCompleted(s, true, "root: 1 -> 2"), `,"success":true,"details":"root: 1 -\u003e 2"}`},
	}
	for id, tt := range tests {
		t.Run(id, func(t *testing.T) {
			got, err := json.Marshal(tt.event)
			require.NoError(t, err)
			require.Regexp(t, uuid, tt.event.ID)
			require.Equal(t, `{"id":"`+tt.event.ID+`","deviceTime":"2026-01-02T01:04:05Z",`+
				strings.Replace(head, "%", id, 1)+tt.more+`}`, string(got))
		})
	}
}

const uuid = `[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`

func TestCorrelationID(t *testing.T) {
	for version, want := range map[string]string{
		"42":                     "^42-" + uuid + "$",
		"":                       "^-" + uuid + "$",
		"a b/../$(x)":            "^a_b______x_-" + uuid + "$",
		strings.Repeat("9", 100): "^9{26}-" + uuid + "$",
		"größe":                  "^gr__e-" + uuid + "$",
	} {
		id := CorrelationID(version)
		require.Regexp(t, want, id)
		require.Less(t, len(id), 64)
	}
	require.NotEqual(t, CorrelationID("1"), CorrelationID("1"))
	require.Regexp(t, regexp.MustCompile("^tuf-meta-"+uuid+"$"), MetadataCorrelationID())
}

func TestTruncate(t *testing.T) {
	require.Equal(t, "short", truncate("short"))
	exact := strings.Repeat("x", 2048)
	require.Equal(t, exact, truncate(exact))
	long := "first " + strings.Repeat("ü", 5000) + " last"
	for shift := range 4 {
		got := truncate(strings.Repeat("x", shift) + long)
		require.LessOrEqual(t, len(got), 2048)
		require.Greater(t, len(got), 2040)
		require.True(t, utf8.ValidString(got))
		require.Contains(t, got, "first ")
		require.Contains(t, got, "\n[TRUNCATED]\n")
		require.True(t, strings.HasSuffix(got, " last"))
	}
	require.Equal(t, "a?b", truncate("a\xffb"))
}
