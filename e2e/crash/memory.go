//go:build factory

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sotabox/sotabox/factory"
)

// everything describes the whole device as it is compared between a disturbed
// run and an undisturbed one: files, but not locks, and of the agent's memory
// what does not differ from one run to the next.
func everything(d *factory.Device) (listing, error) {
	lines, err := list(filepath.Dir(d.Sysroot()), volatile)
	if err != nil {
		return nil, err
	}
	lines = withoutSubBootVersion(lines)
	lines["state.json"], err = withoutRun(filepath.Join(d.Storage(), "sotabox/state.json"))
	return lines, err
}

// volatile are locks, which are no state once nobody holds them; what the real
// ostree leaves where it looks; events, which stay queued until the next chance
// to send them; the time that the metadata was last known to be good at; temporary
// files of the repository, which age removes; and what is described in another way.
func volatile(name string) bool {
	switch name {
	case "sysroot/ostree/lock", "sysroot/ostree/repo/.lock", "run/aklite.lock",
		"sysroot/ostree/repo/tmp/cache", "sota/sotabox/state.json":
		return true
	}
	return strings.HasPrefix(name, "sota/sotabox/events/") && strings.HasSuffix(name, ".json") ||
		strings.HasPrefix(name, "sota/sotabox/tuf/") && filepath.Base(name) == "seen" ||
		strings.HasPrefix(name, "sysroot/ostree/repo/tmp/.tmp-")
}

// withoutSubBootVersion hides which of the two subbootversions is in effect: a
// run that begins anew may come to the other one.
func withoutSubBootVersion(lines listing) listing {
	var rename []string
	for _, version := range []string{"0", "1"} {
		line := lines["sysroot/ostree/boot."+version]
		target := line[strings.LastIndexByte(line, ' ')+1:]
		if sub, ok := strings.CutPrefix(target, "boot."+version+"."); ok {
			rename = append(rename, target, "boot."+version+".N",
				"refs/heads/ostree/"+version+"/"+sub, "refs/heads/ostree/"+version+"/N")
		}
	}
	hide := strings.NewReplacer(rename...)
	hidden := make(listing, len(lines))
	for name, line := range lines {
		if strings.HasPrefix(name, "sysroot/ostree/repo/refs/heads/ostree/") && strings.HasPrefix(line, "40") {
			continue // a directory of refs; an empty one may stay
		}
		if strings.HasPrefix(line, "120777") {
			line = hide.Replace(line)
		}
		hidden[hide.Replace(name)] = line
	}
	return hidden
}

// withoutRun is the agent's memory without what a run makes up: times, ids.
func withoutRun(path string) (string, error) {
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var memory map[string]any
	if err := json.Unmarshal(data, &memory); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	if pending, ok := memory["pending"].(map[string]any); ok {
		for _, name := range []string{"since", "correlation_id", "boot_id"} {
			delete(pending, name)
		}
	}
	data, err = json.Marshal(memory)
	return string(data), err
}
