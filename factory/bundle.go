//go:build factory

package factory

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/sotabox/sotabox/factory/metadata"
	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/pull"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// BundleOptions say what an offline bundle is.
type BundleOptions struct {
	Targets    []string  // names or versions
	Production bool      // for production devices, else for the others
	Tag        string    // empty: the factory's
	Expires    time.Time // zero: the usual
	// FirstRoot is the version of the first root in it; 0: 1. Older ones can be left out if devices have them.
	FirstRoot int64
	// Unsigned leaves the description of the bundle out, as old tools did.
	Unsigned bool
	// Signed is the description if other people signed it; nil: the factory signs one.
	Signed []byte
}

// bundleFile is the name of the description in a bundle's metadata.
const bundleFile = "bundle-targets.json"

// Bundle makes an offline bundle at dest, which must not exist: an archive if the name ends in .tar, .tar.gz, .tgz or
// .tar.zst, else a directory. Its layout is what devices read from a stick and what dg-satellite serves as an update:
//
//	tuf/          root, timestamp, snapshot and targets, and bundle-targets.json
//	ostree_repo/  an archive repository with the commits of the targets
//	apps/         for the apps of the targets
//
// In an archive tuf/ comes first, so that a device can verify it before it takes in the rest of a stream.
func (f *Factory) Bundle(ctx context.Context, dest string, o BundleOptions) (err error) {
	if _, err := os.Lstat(dest); err == nil {
		return fmt.Errorf("make bundle: %s: %w", dest, os.ErrExist)
	}
	work, err := os.MkdirTemp(filepath.Dir(filepath.Clean(dest)), ".bundle-")
	if err != nil {
		return fmt.Errorf("make bundle: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	tree := filepath.Join(work, "bundle")
	if err := f.fillBundle(ctx, tree, o); err != nil {
		return fmt.Errorf("make bundle: %w", err)
	}
	format := archiveFormat(dest)
	if format == nil {
		return os.Rename(tree, dest)
	}
	packed := filepath.Join(work, "packed")
	if err := pack(packed, tree, format, "tuf", "ostree_repo", "apps"); err != nil {
		return fmt.Errorf("make bundle: %w", err)
	}
	return os.Rename(packed, dest)
}

func (f *Factory) fillBundle(ctx context.Context, tree string, o BundleOptions) error {
	for _, name := range []string{"tuf", "apps"} {
		if err := os.MkdirAll(filepath.Join(tree, name), 0o755); err != nil {
			return err
		}
	}
	targets, description, err := f.describeBundle(o)
	if err != nil {
		return err
	}
	document := o.Signed
	switch {
	case o.Unsigned:
	case o.Signed != nil:
		err = f.checkBundle(o.Signed, description)
	default:
		document, err = f.signBundle(description, o.Expires)
	}
	if err != nil {
		return err
	}
	if err := f.copyMetadata(filepath.Join(tree, "tuf"), max(o.FirstRoot, 1), document); err != nil {
		return err
	}
	return f.copyCommits(ctx, filepath.Join(tree, "ostree_repo"), targets)
}

// ProposeBundle returns the description of a bundle for other people to sign.
func (f *Factory) ProposeBundle(o BundleOptions) ([]byte, error) {
	m, err := f.signedInSteps()
	if err != nil {
		return nil, err
	}
	_, description, err := f.describeBundle(o)
	if err != nil {
		return nil, err
	}
	return m.ProposeBundle(description, o.Expires)
}

func (f *Factory) describeBundle(o BundleOptions) ([]metadata.Target, metadata.Bundle, error) {
	b := metadata.Bundle{Type: "ci", Tag: o.Tag}
	if o.Production {
		b.Type = "prod"
	}
	if b.Tag == "" {
		b.Tag = f.Tag
	}
	if len(o.Targets) == 0 {
		return nil, b, errors.New("name the targets to put into the bundle")
	}
	var targets []metadata.Target
	for _, want := range o.Targets {
		name, target, err := f.FindTarget(want)
		if err != nil {
			return nil, b, err
		}
		b.Targets, targets = append(b.Targets, name), append(targets, target)
	}
	return targets, b, nil
}

func (f *Factory) signBundle(b metadata.Bundle, expires time.Time) ([]byte, error) {
	m, err := f.signedInSteps()
	if err != nil {
		return nil, err
	}
	return m.SignBundle(b, expires)
}

// checkBundle makes sure that a description was signed, and that it is of the bundle that is being made.
func (f *Factory) checkBundle(document []byte, want metadata.Bundle) error {
	m, err := f.signedInSteps()
	if err != nil {
		return err
	}
	status, err := m.Check(document)
	if err != nil {
		return err
	}
	if status.Kind != "bundle" {
		return fmt.Errorf("%s is not the description of a bundle", status)
	}
	if got, err := metadata.ReadBundle(document); err != nil || !got.Equal(want) {
		return errors.Join(err, fmt.Errorf("the signed description is of another bundle: %v, not %v", got, want))
	}
	return status.Err()
}

// signedInSteps returns the metadata of a factory whose documents people can sign one after the other. Only the factory
// dialect has bundles and is signed in steps.
func (f *Factory) signedInSteps() (*metadata.Repository, error) {
	m, ok := f.Metadata.(*metadata.Repository)
	if !ok {
		return nil, fmt.Errorf("this factory speaks the %s dialect; bundles and signing in steps are of the %s dialect", f.Dialect, FactoryDialect)
	}
	return m, nil
}

func (f *Factory) copyMetadata(dir string, firstRoot int64, description []byte) error {
	newest, err := f.Metadata.RootVersion()
	if err != nil {
		return err
	}
	if firstRoot > newest {
		return fmt.Errorf("the bundle cannot start with root version %d: the newest is %d", firstRoot, newest)
	}
	names := []string{"timestamp.json", "snapshot.json", "targets.json"}
	for version := firstRoot; version <= newest; version++ {
		names = append(names, fmt.Sprintf("%d.root.json", version))
	}
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(f.TUF(), name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}
	if description == nil {
		return nil
	}
	return os.WriteFile(filepath.Join(dir, bundleFile), description, 0o644)
}

func (f *Factory) copyCommits(ctx context.Context, path string, targets []metadata.Target) (err error) {
	published, err := repo.Open(f.OSTree())
	if err != nil {
		return err
	}
	defer published.Close()
	copied, err := repo.Create(path, repo.Archive)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, copied.Close()) }()
	for _, target := range targets {
		commit, err := object.ParseChecksum(target.Hashes["sha256"])
		if err != nil {
			return err
		}
		if _, err := pull.Local(ctx, copied, published, pull.LocalOptions{Commit: commit}); err != nil {
			return err
		}
	}
	return nil
}
