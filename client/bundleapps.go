package client

import (
	"encoding/json"
	"slices"

	"github.com/sotabox/sotabox/tuf"
)

// bundled are the targets as an offline bundle delivers them: with the apps that
// were fetched for it. Which these are says "fetched-apps" of a target (spec/tuf.md,
// "Offline bundle"): absent, all apps; with an empty uri, none; with a shortlist,
// those on it; else all.
func bundled(targets []tuf.Target) []tuf.Target {
	out := slices.Clone(targets)
	for i, t := range out {
		switch f := t.FetchedApps; {
		case f == nil, f.URI != "" && len(f.Shortlist) == 0:
		case f.URI == "":
			out[i].Custom = keepApps(t.Custom, nil)
		default:
			out[i].Custom = keepApps(t.Custom, f.Shortlist)
		}
	}
	return out
}

// keepApps drops all apps but the named ones from the custom object of a verified
// target.
func keepApps(custom json.RawMessage, names []string) json.RawMessage {
	const member = "docker_compose_apps"
	var members, apps map[string]json.RawMessage
	if json.Unmarshal(custom, &members) != nil || json.Unmarshal(members[member], &apps) != nil {
		return custom
	}
	for name := range apps {
		if !slices.Contains(names, name) {
			delete(apps, name)
		}
	}
	delete(members, member)
	if len(apps) > 0 {
		members[member] = encode(apps)
	}
	return encode(members)
}

// encode cannot fail: what was decoded can be encoded.
func encode(members map[string]json.RawMessage) json.RawMessage {
	data, _ := json.Marshal(members)
	return data
}

// missing is what a bundle lacks of a target, "" if nothing.
func missing(t Target, has contents, needed func(app string) bool) string {
	if !has.commit(t.Commit) {
		return "commit " + t.Commit
	}
	for _, app := range Apps(t) {
		if needed(app.Name) && !has.app(app.URI) {
			return "app " + app.Name + ", " + app.URI
		}
	}
	return ""
}

// contents tells what is in a bundle.
type contents struct {
	commit, app func(string) bool
}
