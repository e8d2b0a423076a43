package tuf

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// BundleInfo is what the signed document of an offline bundle says about it.
type BundleInfo struct {
	// Type is the kind of device that the bundle is for: "ci" or "prod".
	Type string
	// Tag is the tag that the bundle was made for.
	Tag string
	// Targets names the targets in the bundle, as listed.
	Targets []string
	// Version is the version of the document.
	Version int64
	// Expires is when the bundle is no longer to be used.
	Expires time.Time
}

// BundleOptions says what a device expects of an offline bundle.
type BundleOptions struct {
	// Tags are the configured tags of the device. The bundle's must be one of them; empty: any will do.
	Tags []string
	// AllowUnsigned accepts a bundle without bundle-targets.json, as older tools make them. Its metadata is verified
	// all the same.
	AllowUnsigned bool
}

// CheckBundle verifies the metadata of an offline bundle, which is Config.Source, and returns what the bundle is and the
// targets in it that the device may trust. The order is that of spec/tuf.md, "Offline bundle": the chain of roots from
// the one that the device trusts; bundle-targets.json with its signatures, expiry, type and tag; then the metadata, as in
// Refresh, which is stored if it is newer. A bundle may well be older than the device's metadata; then the stored
// metadata decides, if it verifies. Last, the trusted targets are cut down to those that the bundle lists; none may be
// left, and whether their content is there is for the caller to find out.
//
// An error leaves the stored set as it was. Whatever is wrong with bundle-targets.json, its expiry and absence included,
// is ErrBundle; for the metadata the classes are those of Refresh. The BundleInfo of an unsigned bundle is nil.
func (c *Client) CheckBundle(ctx context.Context, o BundleOptions) (*BundleInfo, *Trusted, error) {
	var info *BundleInfo
	t, err := c.update(ctx, func(r *refresh) error {
		var err error
		info, err = r.runBundle(o)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if info != nil {
		t.Targets = slices.DeleteFunc(t.Targets, func(t Target) bool { return !slices.Contains(info.Targets, t.Name) })
	}
	return info, t, nil
}

// runBundle is the workflow with the checks of the bundle between those of the root and of the other roles.
func (r *refresh) runBundle(o BundleOptions) (*BundleInfo, error) {
	if err := r.openTrustedRoot(); err != nil {
		return nil, err
	}
	if err := r.followRoots(); err != nil {
		return nil, err
	}
	info, err := r.getBundle(o)
	if err != nil {
		return nil, err
	}
	err = r.runMetadata()
	if !errors.Is(err, ErrRollback) || r.stored == nil {
		return info, err
	}
	r.Log.Warn("the bundle's metadata is older than the stored one, which decides", "error", err)
	if err := r.useStored(); err != nil {
		return nil, fmt.Errorf("the bundle's metadata is older than the stored one, and that is of no use: %w", err)
	}
	return info, nil
}

// useStored turns to the stored documents, under the root as it is now: a newer one may have taken their keys away.
func (r *refresh) useStored() error {
	next := &set{root: r.next.root, timestamp: r.stored.timestamp, snapshot: r.stored.snapshot, targets: r.stored.targets}
	d, err := verifySet(next)
	if err != nil {
		return err
	}
	if err := expired(d, r.now, roleRoot, roleTimestamp, roleSnapshot, roleTargets); err != nil {
		return err
	}
	r.dialect, r.next = d, next
	return nil
}

// getBundle fetches bundle-targets.json and makes sure that the bundle is genuine, fresh and meant for this device.
func (r *refresh) getBundle(o BundleOptions) (*BundleInfo, error) {
	data, err := r.fetch(roleBundle, 0, bundleFile, maxBundle)
	switch {
	case errors.Is(err, ErrNotFound) && o.AllowUnsigned:
		r.Log.Warn("the bundle has no " + bundleFile + "; unsigned bundles are allowed by configuration")
		return nil, nil
	case errors.Is(err, ErrNotFound):
		return nil, bundleError(0, fmt.Errorf("the bundle has no %s", bundleFile))
	case r.ctx.Err() != nil:
		return nil, err
	case err != nil:
		return nil, &Error{Role: roleBundle, Class: ErrBundle, Reason: err.Error()}
	}
	info, err := r.openBundle(data)
	if err != nil {
		return nil, err
	}
	r.Log.Info("bundle metadata", "type", info.Type, "tag", info.Tag, "version", info.Version,
		"expires", info.Expires.Format(TimeFormat), "targets", strings.Join(info.Targets, ","))
	return info, checkBundle(info, r.now, r.Production, o.Tags)
}

// checkBundle refuses a genuine bundle that is too old, or meant for other devices.
func checkBundle(info *BundleInfo, now time.Time, production *bool, tags []string) error {
	refuse := func(format string, args ...any) error {
		return &Error{Role: roleBundle, Version: info.Version, Class: ErrBundle, Reason: fmt.Sprintf(format, args...)}
	}
	if !now.Before(info.Expires) {
		return refuse("expired on %s", info.Expires.Format(TimeFormat))
	}
	if production != nil && (info.Type == bundleProd) != *production {
		device := bundleCI
		if *production {
			device = bundleProd
		}
		return refuse("it is of type %q and the device of type %q", info.Type, device)
	}
	if len(tags) != 0 && !slices.Contains(tags, info.Tag) {
		return refuse("its tag is %.64q, the device has %.256q", info.Tag, strings.Join(tags, ","))
	}
	return nil
}
