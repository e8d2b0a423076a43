package sysroot

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// load reads the list of deployments from the boot loader entries, which are
// the truth about it (ostree-sysroot.c, sysroot_load_from_bootloader_configs).
func (s *Sysroot) load() error {
	st := state{}
	var err error
	if st.bootVersion, st.loader, err = s.readLoader(); err != nil {
		return err
	}
	if st.subBootVersion, err = s.readSubBootVersion(st.bootVersion); err != nil {
		return err
	}
	entries, err := s.readEntries(st.bootVersion)
	if err != nil {
		return err
	}
	for _, e := range entries {
		d, err := s.readDeployment(e)
		if err != nil {
			return err
		}
		st.deployments = append(st.deployments, d)
	}
	if s.opt.Booted {
		if st.booted, st.bootedHere, err = s.findBooted(st.deployments); err != nil {
			return err
		}
	}
	s.state = st
	return nil
}

func (s *Sysroot) readSubBootVersion(bootVersion int) (int, error) {
	name := bootDirName(bootVersion)
	target, err := readLink(s.ostree, name)
	if missing(err) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read ostree/%s: %w", name, err)
	}
	return subBootVersionOf(bootVersion, target)
}

func bootDirName(v int) string       { return fmt.Sprintf("boot.%d", v) }
func subBootDirName(v, s int) string { return fmt.Sprintf("boot.%d.%d", v, s) }
func loaderDirName(v int) string     { return fmt.Sprintf("loader.%d", v) }

// readEntries reads the entries of a bootversion, in boot order.
func (s *Sysroot) readEntries(bootVersion int) ([]*bootEntry, error) {
	path, err := s.loaderPath(bootVersion)
	if err != nil {
		return nil, err
	}
	return s.readEntryFiles(path + "/entries")
}

func (s *Sysroot) readEntryFiles(path string) ([]*bootEntry, error) {
	dir, err := openDir(s.boot, path)
	if missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open boot/%s: %w", path, err)
	}
	defer unix.Close(dir)
	names, err := sortedDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read boot/%s: %w", path, err)
	}
	var entries []*bootEntry
	for _, name := range names {
		if !isEntryName(name) {
			continue
		}
		data, err := readFile(dir, name, maxEntrySize)
		if err != nil {
			return nil, fmt.Errorf("read boot/%s/%s: %w", path, name, err)
		}
		e, err := parseEntry(data)
		if err != nil {
			return nil, fmt.Errorf("boot/%s/%s: %w", path, name, err)
		}
		e.name = name
		entries = append(entries, e)
	}
	sortEntries(entries)
	return entries, nil
}

// readDeployment finds the deployment that an entry boots.
func (s *Sysroot) readDeployment(e *bootEntry) (Deployment, error) {
	args := splitArgs(e.keys["options"])
	value, ok := lookupArg(args, "ostree")
	if !ok {
		return Deployment{}, fmt.Errorf("%w: boot loader entry %q has no ostree= argument", ErrMalformed, e.keys["title"])
	}
	link, err := parseBootLink(value)
	if err != nil {
		return Deployment{}, err
	}
	d, err := s.followBootLink(link)
	if err != nil {
		return Deployment{}, fmt.Errorf("deployment of ostree=%s: %w", value, err)
	}
	d.KernelArgs = foreignArgs(args)
	d.entry = e
	if err := s.readOrigin(&d); err != nil {
		return Deployment{}, err
	}
	d.Version = s.commitVersion(d.Commit)
	return d, nil
}

// followBootLink reads the link that an ostree= argument names. The directory
// it leads to has to exist.
func (s *Sysroot) followBootLink(l bootLink) (Deployment, error) {
	// boot.V is itself a link to boot.V.S.
	sub, err := s.readSubBootVersion(l.version)
	if err != nil {
		return Deployment{}, err
	}
	dir, err := openDir(s.ostree, subBootDirName(l.version, sub)+"/"+l.os+"/"+l.bootChecksum)
	if err != nil {
		return Deployment{}, err
	}
	defer unix.Close(dir)
	target, err := readLink(dir, fmt.Sprint(l.serial))
	if err != nil {
		return Deployment{}, err
	}
	commit, serial, err := parseDeployName(target[strings.LastIndexByte(target, '/')+1:])
	if err != nil {
		return Deployment{}, err
	}
	d := Deployment{
		OS: l.os, Commit: commit, Serial: serial,
		BootChecksum: l.bootChecksum, BootSerial: l.serial, BootVersion: l.version,
	}
	tree, err := s.openTree(d)
	if err != nil {
		return Deployment{}, err
	}
	unix.Close(tree)
	return d, nil
}

// openTree opens the directory of a deployment.
func (s *Sysroot) openTree(d Deployment) (int, error) {
	fd, err := openDir(s.deploy, d.OS+"/deploy/"+d.Name())
	if err != nil {
		return -1, fmt.Errorf("open %s: %w", d.Path(), err)
	}
	return fd, nil
}

func (s *Sysroot) readOrigin(d *Deployment) error {
	dir, err := openDir(s.deploy, d.OS+"/deploy")
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	data, err := readFile(dir, d.Name()+".origin", maxOriginSize)
	if missing(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s.origin: %w", d.Path(), err)
	}
	if d.origin, err = parseOrigin(data); err != nil {
		return fmt.Errorf("%s: %w", d.Path(), err)
	}
	d.Refspec, d.Pinned = originRefspecOf(d.origin), originPinned(d.origin)
	return nil
}

// commitVersion is the "version" of a commit; a commit that cannot be read has
// none, as for libostree.
func (s *Sysroot) commitVersion(c object.Checksum) string {
	commit, err := s.repo.Commit(c)
	if err != nil {
		return ""
	}
	v, ok := commit.Lookup("version")
	if !ok || v.Type().String() != "s" {
		return ""
	}
	// It becomes part of a line of the boot configuration.
	if strings.ContainsFunc(v.Str(), func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return ""
	}
	return v.Str()
}
