package tuf

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
)

// provisionedRoot is a root document that came with the operating system.
type provisionedRoot struct {
	version int64
	data    []byte
}

// provisionedRoots reads N.root.json of a subdirectory of dir in order of N: "prod" on a production device, else "ci".
// A device without a certificate does not know what it is; the first two versions are the same for both kinds, so only
// those are taken. A directory that is missing is an empty one.
func provisionedRoots(dir string, production *bool) ([]provisionedRoot, error) {
	if dir == "" {
		return nil, nil
	}
	kind := "ci"
	if production != nil && *production {
		kind = "prod"
	}
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: read provisioned roots: %w", ErrStorage, err)
	}
	defer root.Close()
	files, err := fs.ReadDir(root.FS(), kind)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: read provisioned roots: %w", ErrStorage, err)
	}
	var versions []int64
	for _, file := range files {
		if version, ok := rootFileVersion(file.Name()); ok && (production != nil || version <= 2) {
			versions = append(versions, version)
		}
	}
	slices.Sort(versions)
	var roots []provisionedRoot
	for _, version := range versions {
		name := rootFileName(version)
		data, err := Dir(path.Join(dir, kind)).Fetch(context.Background(), name, maxSmall)
		if err == nil && len(data) > maxSmall {
			err = fmt.Errorf("larger than %d bytes", maxSmall)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: read provisioned %s/%s: %w", ErrStorage, kind, name, err)
		}
		roots = append(roots, provisionedRoot{version, data})
	}
	return roots, nil
}

// rootFileVersion parses "N.root.json".
func rootFileVersion(name string) (int64, bool) {
	digits, ok := strings.CutSuffix(name, ".root.json")
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, ok && err == nil && n > 0 && name == rootFileName(n)
}

func rootFileName(version int64) string { return strconv.FormatInt(version, 10) + ".root.json" }
