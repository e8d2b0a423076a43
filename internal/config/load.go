package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Error classes, matched with errors.Is.
var (
	// ErrInvalid: a file is malformed or a value makes no sense. The message
	// starts with file:line.
	ErrInvalid = errors.New("invalid configuration")
	// ErrNone: nowhere is any configuration file.
	ErrNone = errors.New("no configuration")
)

// maxFile is the size, in bytes, of the longest configuration file read.
const maxFile = 1 << 20

// DefaultPaths are the places of a device's configuration when none are named,
// earlier ones first (spec/cli.md, Files).
func DefaultPaths() []string {
	return []string{"/usr/lib/sota/conf.d", "/var/sota/sota.toml", "/etc/sota/conf.d"}
}

// Options tell Load where to look.
type Options struct {
	// Paths are files and directories, of which the *.toml are read. Each must
	// exist. Empty: DefaultPaths, of which any may be missing.
	Paths []string
}

// Load reads and merges the configuration: a file of a later place replaces one
// of the same base name of an earlier place; then files are applied in byte order
// of base name across the places, and the later value of a key wins. Directories
// are not searched deeper.
//
// The error is ErrInvalid, ErrNone when there is no file at all, or that of the
// file system (fs.ErrNotExist for a path that was named and is not there). Values
// overridden by a later file are not looked at.
func Load(o Options) (*Config, error) {
	paths, mustExist := o.Paths, true
	if len(paths) == 0 {
		paths, mustExist = DefaultPaths(), false
	}
	files, err := find(paths, mustExist)
	if err != nil {
		return nil, err
	}
	merged := map[string]entry{}
	for _, file := range files {
		data, err := readFile(file)
		if err != nil {
			return nil, fmt.Errorf("read configuration: %w", err)
		}
		entries, err := parse(file, data)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			merged[e.section+"."+e.key] = e
		}
	}
	c := defaults()
	c.Files = files
	serverURLPath, err := c.apply(merged)
	if err != nil {
		return nil, err
	}
	c.finish(serverURLPath)
	return c, nil
}

// find lists the files to apply, in order.
func find(paths []string, mustExist bool) ([]string, error) {
	byName := map[string]string{}
	for _, path := range paths {
		st, err := os.Stat(path)
		if !mustExist && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read configuration: %w", err)
		}
		if !st.IsDir() {
			byName[filepath.Base(path)] = path
			continue
		}
		names, err := tomlFiles(path)
		if err != nil {
			return nil, fmt.Errorf("read configuration: %w", err)
		}
		for _, name := range names {
			byName[name] = filepath.Join(path, name)
		}
	}
	if len(byName) == 0 {
		return nil, fmt.Errorf("%w: no *.toml file in %s", ErrNone, strings.Join(paths, ", "))
	}
	names := make([]string, 0, len(byName))
	for name := range byName {
		names = append(names, name)
	}
	slices.Sort(names)
	files := make([]string, len(names))
	for i, name := range names {
		files[i] = byName[name]
	}
	return files, nil
}

func tomlFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".toml" {
			continue
		}
		// Stat follows links: a link to a directory is no file, and a dangling
		// one is worth an error.
		st, err := os.Stat(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		if !st.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s is longer than %d bytes", path, maxFile)
	}
	return data, nil
}
