//go:build factory

package factory

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/sotabox/sotabox/factory/metadata"
	"github.com/sotabox/sotabox/factory/rootfs"
	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// Version is one version of the product.
type Version struct {
	Number int
	// Tree is a directory to commit; empty: a generated root file system.
	Tree string
	// Commit, if not zero, is published as it is, whether the repository has it
	// or not.
	Commit object.Checksum
	// NoKernel leaves the kernel out of the generated tree, so that installing
	// it fails.
	NoKernel bool
	// Tag and HardwareID replace those of the factory.
	Tag, HardwareID string
	// Name replaces the target's usual name, <hardware id>-lmp-<number>.
	Name string
	// DeltaFrom are commits from which static deltas to this version are made; the
	// zero checksum is for one from scratch.
	DeltaFrom []object.Checksum
}

// Published is what Publish made.
type Published struct {
	Name   string
	Commit object.Checksum
}

// Publish commits a version's tree to the repository and signs a target that
// names the commit.
func (f *Factory) Publish(ctx context.Context, v Version) (Published, error) {
	p, target, err := f.makeTarget(ctx, v)
	if err != nil {
		return Published{}, err
	}
	if err := f.Metadata.SetTarget(p.Name, target); err != nil {
		return Published{}, fmt.Errorf("publish version %d: %w", v.Number, err)
	}
	return p, nil
}

// makeTarget commits a version's tree and returns the target that names the commit.
func (f *Factory) makeTarget(ctx context.Context, v Version) (Published, metadata.Target, error) {
	if v.Number < 1 {
		return Published{}, metadata.Target{}, fmt.Errorf("publish: version %d: versions count from 1", v.Number)
	}
	v = f.complete(v)
	commit := v.Commit
	if commit.IsZero() {
		var err error
		if commit, err = f.commit(ctx, v); err != nil {
			return Published{}, metadata.Target{}, fmt.Errorf("publish version %d: %w", v.Number, err)
		}
	}
	if err := f.makeDeltas(ctx, commit, v.DeltaFrom); err != nil {
		return Published{}, metadata.Target{}, fmt.Errorf("publish version %d: %w", v.Number, err)
	}
	now := time.Now().UTC().Format(time.RFC3339)
	return Published{Name: v.Name, Commit: commit}, metadata.Target{
		Hashes: map[string]string{"sha256": commit.String()},
		Custom: metadata.Custom{
			Version:     strconv.Itoa(v.Number),
			HardwareIDs: []string{v.HardwareID},
			Format:      "OSTREE",
			Tags:        []string{v.Tag},
			CreatedAt:   now,
			UpdatedAt:   now,
		},
	}, nil
}

// ResolveCommit finds the commit that a ref of the repository names. A checksum
// stands for itself, whether it is there or not.
func (f *Factory) ResolveCommit(name string) (object.Checksum, error) {
	if commit, err := object.ParseChecksum(name); err == nil {
		return commit, nil
	}
	published, err := repo.Open(f.OSTree())
	if err != nil {
		return object.Checksum{}, err
	}
	defer published.Close()
	return published.ResolveRef(name)
}

func (f *Factory) complete(v Version) Version {
	if v.Tag == "" {
		v.Tag = f.Tag
	}
	if v.HardwareID == "" {
		v.HardwareID = f.HardwareID
	}
	if v.Name == "" {
		v.Name = fmt.Sprintf("%s-lmp-%d", v.HardwareID, v.Number)
	}
	return v
}

func (f *Factory) commit(ctx context.Context, v Version) (_ object.Checksum, err error) {
	tree := v.Tree
	if tree == "" {
		scratch, err := os.MkdirTemp(f.dir, "tree-")
		if err != nil {
			return object.Checksum{}, err
		}
		defer func() { err = errors.Join(err, Remove(scratch)) }()
		tree = filepath.Join(scratch, "root")
		if err := rootfs.Generate(tree, rootfs.Options{
			Version: v.Number, Files: f.Files, Machine: v.HardwareID, Tag: v.Tag,
			NoKernel: v.NoKernel, Canonical: f.Canonical,
		}); err != nil {
			return object.Checksum{}, err
		}
	}
	archive, err := repo.Open(f.OSTree())
	if err != nil {
		return object.Checksum{}, err
	}
	defer archive.Close()
	parent, err := archive.ResolveRef(v.HardwareID)
	if err != nil && !errors.Is(err, repo.ErrNotFound) {
		return object.Checksum{}, err
	}
	commit, err := archive.CommitTree(ctx, repo.CommitOptions{
		Dir: tree, Parent: parent, Subject: v.Name, Timestamp: time.Now(), Canonical: f.Canonical,
	})
	if err != nil {
		return object.Checksum{}, err
	}
	return commit, archive.SetRef(v.HardwareID, commit)
}
