package sysroot

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Where a directory boot/loader can not be exchanged with another in one step,
// its files are replaced one by one. Every step is one rename over a file or
// one removal, flushed before the next. Their order makes that what boots
// changes once, and from one whole deployment to another: the default entry
// comes first. As long as that has not happened nothing has; once it has, the
// staged directory, which stays until the end, says how to go on after a cut.

// publishInPlace gives boot/loader the content of a staged bootversion.
// It may be repeated until it has succeeded.
func (s *Sysroot) publishInPlace(version int) error {
	staged := loaderDirName(version)
	have, err := s.listLoader("loader")
	if err != nil {
		return err
	}
	want, err := s.listLoader(staged)
	if err != nil {
		return err
	}
	for _, step := range inPlaceSteps(have, want) {
		if step.remove {
			err = s.removeInLoader(step)
		} else {
			err = s.copyIntoLoader(staged, step)
		}
		if err == nil {
			err = retry(func() error { return unix.Syncfs(s.boot) })
		}
		if err != nil {
			return fmt.Errorf("replace boot/loader/%s: %w", step.path(), err)
		}
	}
	return nil
}

// loaderFileList is what a loader directory holds.
type loaderFileList struct {
	entries []string // ours, in boot order
	others  []string // files that are no entries
}

// inPlaceStep writes or removes a file of boot/loader.
type inPlaceStep struct {
	dir, name string // dir is "" or "entries"
	remove    bool
}

func (s inPlaceStep) path() string {
	if s.dir == "" {
		return s.name
	}
	return s.dir + "/" + s.name
}

// inPlaceSteps is how one content becomes the other. Entries that are no longer
// wanted go in the reverse order of booting, so that none of them that was not
// the default becomes it. Entries of other systems are the same in both.
func inPlaceSteps(have, want loaderFileList) []inPlaceStep {
	var steps []inPlaceStep
	for _, name := range want.entries {
		steps = append(steps, inPlaceStep{dir: "entries", name: name})
	}
	for _, name := range want.others {
		if name != versionFile {
			steps = append(steps, inPlaceStep{name: name})
		}
	}
	for _, name := range slices.Backward(have.entries) {
		if !slices.Contains(want.entries, name) {
			steps = append(steps, inPlaceStep{dir: "entries", name: name, remove: true})
		}
	}
	return append(steps, inPlaceStep{name: versionFile})
}

// listLoader lists a directory of /boot that is, or is to become, boot/loader.
func (s *Sysroot) listLoader(name string) (loaderFileList, error) {
	var l loaderFileList
	entries, err := s.readEntryFiles(name + "/entries")
	if err != nil {
		return l, err
	}
	for _, e := range entries {
		l.entries = append(l.entries, e.name)
	}
	dir, err := openDir(s.boot, name)
	if err != nil {
		return l, fmt.Errorf("open boot/%s: %w", name, err)
	}
	defer unix.Close(dir)
	names, err := sortedDir(dir)
	if err != nil {
		return l, fmt.Errorf("read boot/%s: %w", name, err)
	}
	for _, file := range names {
		if st, err := lstat(dir, file); err == nil && isFile(&st) {
			l.others = append(l.others, file)
		}
	}
	return l, nil
}

func (s *Sysroot) removeInLoader(step inPlaceStep) error {
	dir, err := openDir(s.boot, "loader/"+step.dir)
	if missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	return unlinkIfThere(dir, step.name)
}

func (s *Sysroot) copyIntoLoader(staged string, step inPlaceStep) error {
	src, err := openDir(s.boot, staged+"/"+step.dir)
	if err != nil {
		return err
	}
	defer unix.Close(src)
	dst, err := makeDirs(s.boot, strings.TrimSuffix("loader/"+step.dir, "/"), 0o755)
	if err != nil {
		return err
	}
	defer unix.Close(dst)
	return copyOver(src, step.name, dst, step.name)
}

// finishInPlace goes on with publishInPlace where a cut or an error ended it.
// Until then entries of both bootversions are in effect, so that it comes before
// the list is read for a change, and before anything is removed.
func (s *Sysroot) finishInPlace() error {
	current, layout, err := s.readLoader()
	if err != nil || layout != loaderDir {
		return err
	}
	version := 1 - current
	if !there(s.boot, loaderDirName(version)+"/"+versionFile) {
		return nil
	}
	if staged, err := s.readVersionFile(loaderDirName(version)); err != nil || staged != version {
		return err
	}
	entries, err := s.readEntryFiles("loader/entries")
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(entries, func(e *bootEntry) bool { return e.isOf(version) }) {
		return nil
	}
	s.log.Info("finishing a change of the boot configuration that was cut", "bootversion", version)
	return s.publishInPlace(version)
}

// isOf reports whether an entry boots through the links of a bootversion.
func (e *bootEntry) isOf(version int) bool {
	value, _ := lookupArg(splitArgs(e.keys["options"]), "ostree")
	link, err := parseBootLink(value)
	return err == nil && link.version == version
}
