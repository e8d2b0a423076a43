package sysroot

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// fillEntry completes the boot loader entry of the deployment at index of a
// list (libostree, install_deployment_kernel). Keys it does not know stay.
func fillEntry(d Deployment, l *kernelLayout, prefix string, bootVersion, index, count int, title string) *bootEntry {
	e := d.entry.clone()
	dir := prefix + "/" + bootDir(d) + "/"
	e.keys["title"] = title
	e.keys["version"] = strconv.Itoa(count - index)
	for _, f := range l.files {
		switch f.role {
		case roleKernel:
			e.keys["linux"] = dir + f.name
		case roleInitramfs:
			e.keys["initrd"] = dir + f.name
		case roleDeviceTree:
			e.keys["devicetree"] = dir + f.name
		case roleDeviceTreeDir:
			e.keys["fdtdir"] = dir + f.name
		}
	}
	link := bootLink{bootVersion, d.OS, d.BootChecksum, d.BootSerial}
	// The arguments that are replaced keep their place.
	args := splitArgs(e.keys["options"])
	if _, ok := l.find(roleInitramfs); ok {
		args = withoutOwnInit(args)
	} else {
		args = replaceArg(args, "init="+link.String()+"/usr/lib/ostree/ostree-prepare-root")
	}
	args = replaceArg(args, "ostree="+link.String())
	e.keys["options"] = strings.Join(args, " ")
	return e
}

// entryName is the file of the deployment at index.
func entryName(d Deployment, index, count int) string {
	return "ostree-" + strconv.Itoa(count-index) + "-" + d.OS + ".conf"
}

// stageEntries fills the directory of a bootversion that is not in effect, and
// installs the kernels its entries name.
func (s *Sysroot) stageEntries(ctx context.Context, loader bootloader, bootVersion int, list []Deployment) error {
	name := loaderDirName(bootVersion)
	if err := removeAll(s.boot, name); err != nil {
		return fmt.Errorf("remove old boot/%s: %w", name, err)
	}
	parent, err := makeDirs(s.boot, name, 0o755)
	if err != nil {
		return fmt.Errorf("make boot/%s: %w", name, err)
	}
	defer unix.Close(parent)
	staged := &stagedLoader{version: bootVersion, dir: parent, list: list}
	if staged.entries, err = s.writeEntries(ctx, staged); err != nil {
		return err
	}
	if err := loader.stage(ctx, s, staged); err != nil {
		return fmt.Errorf("configure the boot loader: %w", err)
	}
	return nil
}

func (s *Sysroot) writeEntries(ctx context.Context, l *stagedLoader) ([]*bootEntry, error) {
	path := loaderDirName(l.version) + "/entries"
	dir, err := makeDirs(l.dir, "entries", 0o755)
	if err != nil {
		return nil, fmt.Errorf("make boot/%s: %w", path, err)
	}
	defer unix.Close(dir)
	var entries []*bootEntry
	list, showOS := l.list, manyOS(l.list)
	for i, d := range list {
		e, err := s.prepareEntry(ctx, l.version, list, i, showOS)
		if err != nil {
			return nil, fmt.Errorf("deployment %s: %w", d.Path(), err)
		}
		name := entryName(d, i, len(list))
		if err := replaceFile(dir, name, e.marshal(), 0o644); err != nil {
			return nil, fmt.Errorf("write boot/%s/%s: %w", path, name, err)
		}
		entries = append(entries, e)
	}
	return entries, nil
}

func (s *Sysroot) prepareEntry(ctx context.Context, bootVersion int, list []Deployment, i int, showOS bool) (*bootEntry, error) {
	d := list[i]
	tree, err := s.openTree(d)
	if err != nil {
		return nil, err
	}
	defer unix.Close(tree)
	layout, err := findKernel(ctx, tree)
	if err != nil {
		return nil, err
	}
	defer layout.close()
	if err := layout.addExtra(tree); err != nil {
		return nil, err
	}
	if err := s.installKernel(ctx, d, layout); err != nil {
		return nil, err
	}
	name, err := readOSName(tree)
	if err != nil {
		return nil, err
	}
	title := entryTitle(name, d, i, showOS)
	return fillEntry(d, layout, s.bootPrefix(), bootVersion, i, len(list), title), nil
}
