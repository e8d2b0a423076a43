//go:build factory

package gateway

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Event is one step of an update as a device reported it.
type Event struct {
	ID         string    `json:"id"`
	DeviceTime string    `json:"deviceTime"`
	EventType  EventType `json:"eventType"`
	Event      EventBody `json:"event"`
}

// EventType names the step, for instance EcuInstallationCompleted.
type EventType struct {
	ID      string `json:"id"`
	Version int    `json:"version"`
}

// EventBody says about which update an event is. Success is nil where a step
// has no outcome.
type EventBody struct {
	ECU           string `json:"ecu"`
	CorrelationID string `json:"correlationId"`
	TargetName    string `json:"targetName"`
	Version       string `json:"version"`
	Success       *bool  `json:"success,omitempty"`
	Details       string `json:"details,omitempty"`
}

// reports keeps what devices tell: events in memory, and everything in files,
// one JSON document a line.
type reports struct {
	dir    string
	mu     sync.Mutex
	events []Event
}

func (r *reports) all() []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

func (r *reports) postEvents(w http.ResponseWriter, req *http.Request) {
	body, ok := readBody(w, req)
	if !ok {
		return
	}
	var events []Event
	if err := json.Unmarshal(body, &events); err != nil {
		http.Error(w, "events: "+err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	r.events = append(r.events, events...)
	r.mu.Unlock()
	r.answer(w, "events", body)
}

// keep stores any other report; its form is not looked at.
func (r *reports) keep(w http.ResponseWriter, req *http.Request) {
	if body, ok := readBody(w, req); ok {
		r.answer(w, strings.ReplaceAll(strings.Trim(req.URL.Path, "/"), "/", "-"), body)
	}
}

func (r *reports) answer(w http.ResponseWriter, name string, body []byte) {
	if err := r.append(name, body); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func (r *reports) append(name string, body []byte) error {
	if r.dir == "" {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := os.MkdirAll(r.dir, 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(r.dir, name+".log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(append(body, '\n'))
	return errors.Join(err, f.Close())
}

func readBody(w http.ResponseWriter, req *http.Request) ([]byte, bool) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
	}
	return body, err == nil
}
