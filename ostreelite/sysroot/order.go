package sysroot

import "slices"

func indexOf(list []Deployment, d Deployment) int {
	return slices.IndexFunc(list, d.Same)
}

// mergeDeployment is the deployment whose /etc and kernel arguments a new one
// of stateroot os carries on: the booted one, or else what would boot next.
func mergeDeployment(list []Deployment, booted *Deployment, os string) *Deployment {
	if booted != nil && booted.OS == os {
		return booted
	}
	for i := range list {
		if list[i].OS == os {
			return &list[i]
		}
	}
	return nil
}

// withNew is the list after a deployment was added as the default. As with
// libostree's ostree_sysroot_simple_write_deployment, what stays behind it is
// what other stateroots own, what is pinned, what runs, and what it was merged
// from: the way back.
func withNew(list []Deployment, added Deployment, booted, merge *Deployment) []Deployment {
	out := []Deployment{added}
	for _, d := range list {
		running := booted != nil && d.Same(*booted)
		merged := merge != nil && d.Same(*merge)
		if d.OS != added.OS || d.Pinned || running || merged {
			out = append(out, d)
		}
	}
	return out
}

// withDefault is the list with one of its deployments moved to the front.
func withDefault(list []Deployment, index int) []Deployment {
	out := make([]Deployment, 0, len(list))
	out = append(out, list[index])
	out = append(out, list[:index]...)
	return append(out, list[index+1:]...)
}

// assignBootSerials numbers the deployments of each boot checksum in boot order.
func assignBootSerials(list []Deployment) {
	next := make(map[string]int)
	for i := range list {
		list[i].BootSerial = next[list[i].BootChecksum]
		next[list[i].BootChecksum]++
	}
}

// swapKind says how much of the boot configuration a new list replaces.
type swapKind int

const (
	swapNothing swapKind = iota // the same list
	swapLinks                   // a new subbootversion: same entries, links to other trees
	swapEntries                 // a new bootversion: other entries or kernels
)

// swapFor compares the lists as libostree does, so that the boot loader's
// files are left alone when only the trees behind the entries change. Version
// counts since it is part of an entry's title.
func swapFor(old, next []Deployment) swapKind {
	if len(old) != len(next) {
		return swapEntries
	}
	kind := swapNothing
	for i := range next {
		a, b := old[i], next[i]
		if a.BootChecksum != b.BootChecksum || a.Version != b.Version ||
			!slices.Equal(a.KernelArgs, b.KernelArgs) || !slices.Equal(a.entry.overlays, b.entry.overlays) {
			return swapEntries
		}
		if !a.Same(b) {
			kind = swapLinks
		}
	}
	return kind
}

// manyOS reports whether the titles have to tell stateroots apart.
func manyOS(list []Deployment) bool {
	return slices.ContainsFunc(list, func(d Deployment) bool { return d.OS != list[0].OS })
}
