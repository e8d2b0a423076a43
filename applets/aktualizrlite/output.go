package aktualizrlite

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/sotabox/sotabox/client"
)

// listedTarget is one element of the array that check and list print with
// --json 1; scripts rely on these names.
type listedTarget struct {
	Apps     []listedApp `json:"apps"`
	Current  bool        `json:"current,omitempty"`
	Failed   bool        `json:"failed,omitempty"`
	Name     string      `json:"name"`
	Newer    bool        `json:"newer,omitempty"`
	Reason   string      `json:"reason,omitempty"`
	Selected bool        `json:"selected,omitempty"`
	Version  int         `json:"version"`
}

type listedApp struct {
	Name string `json:"name"`
	On   bool   `json:"on"`
	URI  string `json:"uri"`
}

// device is the part of the agent that describing targets needs.
type device interface {
	Current() client.Target
	Failing(name string) bool
	AppEnabled(name string) bool
}

func listed(d device, targets []client.Target, sel client.Selection) []listedTarget {
	current := d.Current()
	out := make([]listedTarget, 0, len(targets))
	for _, t := range targets {
		l := listedTarget{
			Name: t.Name, Version: t.Version, Apps: listedApps(d, t), Failed: d.Failing(t.Name),
			Current: t.Version == current.Version, Newer: t.Version > current.Version,
		}
		if sel.Action != client.NoUpdate && sel.Target.Name == t.Name {
			l.Selected, l.Reason = true, sel.Reason
		}
		out = append(out, l)
	}
	return out
}

func listedApps(d device, t client.Target) []listedApp {
	apps := []listedApp{}
	for _, a := range client.Apps(t) {
		apps = append(apps, listedApp{Name: a.Name, URI: a.URI, On: d.AppEnabled(a.Name)})
	}
	return apps
}

func printTargets(w io.Writer, d device, targets []client.Target, sel client.Selection) {
	if len(targets) == 0 {
		fmt.Fprintln(w, "\nNo Targets found")
		return
	}
	fmt.Fprintln(w, "\nFound Targets:")
	for i, l := range listed(d, targets, sel) {
		fmt.Fprintln(w, l.Name)
		fmt.Fprintf(w, "\tostree: %s\n\tapps:\n", targets[i].Commit)
		for _, a := range l.Apps {
			fmt.Fprintf(w, "\t\t(%s) %s -> %s\n", onOff(a.On), a.Name, a.URI)
		}
		fmt.Fprintln(w)
	}
	if sel.Action != client.NoUpdate {
		fmt.Fprintln(w, sel.Reason)
	}
}

// statusReport is what status prints with --json 1.
type statusReport struct {
	Name    string        `json:"device_name"`
	Factory string        `json:"device_factory"`
	UUID    string        `json:"device_uuid"`
	Commit  string        `json:"ostree_hash"`
	Tag     string        `json:"tag"`
	Applied *statusTarget `json:"applied_target,omitempty"`
	Pending *statusTarget `json:"pending_target,omitempty"`
}

type statusTarget struct {
	Name    string      `json:"name"`
	Version int         `json:"version"`
	Commit  string      `json:"ostree_hash"`
	Apps    []statusApp `json:"apps"`
}

type statusApp struct {
	listedApp
	Running bool `json:"running"`
}

func describeStatus(d device, s client.Status) statusReport {
	return statusReport{
		Name: s.DeviceName, Factory: s.Factory, UUID: s.UUID, Commit: s.Commit, Tag: s.Tag,
		Applied: describeTarget(d, s.Applied), Pending: describeTarget(d, s.Pending),
	}
}

func describeTarget(d device, t *client.Target) *statusTarget {
	if t == nil {
		return nil
	}
	apps := []statusApp{}
	for _, a := range listedApps(d, *t) {
		apps = append(apps, statusApp{listedApp: a})
	}
	return &statusTarget{Name: t.Name, Version: t.Version, Commit: t.Commit, Apps: apps}
}

func printStatus(w io.Writer, d device, s client.Status) {
	fmt.Fprintln(w, "Device UUID:", s.UUID)
	if s.DeviceName != "" {
		fmt.Fprintln(w, "Device name:", s.DeviceName)
	}
	if s.Applied != nil {
		printTarget(w, d, "Active image is: ", *s.Applied)
	} else {
		fmt.Fprintln(w, "No active deployment found")
	}
	if s.Pending != nil {
		printTarget(w, d, "Pending Target: ", *s.Pending)
	}
}

func printTarget(w io.Writer, d device, prefix string, t client.Target) {
	label := t.Name
	if t.Version >= 0 {
		label = fmt.Sprint(t.Version)
	}
	fmt.Fprintf(w, "%s%s\tsha256:%s\n", prefix, label, t.Commit)
	for i, a := range listedApps(d, t) {
		if i == 0 {
			fmt.Fprintln(w, "\tDocker Compose Apps:")
		}
		fmt.Fprintf(w, "\t%-3s: %s -> %s\n", onOff(a.On), a.Name, a.URI)
	}
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func printJSON(w io.Writer, v any) error {
	data, err := json.MarshalIndent(v, "", "\t")
	if err != nil {
		return fmt.Errorf("encoding the output: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s\n", data)
	return err
}
