package tuf

import (
	"errors"
	"fmt"
)

// openTrustedRoot starts from the stored root, advanced by provisioned ones that are newer; else from the first of the
// provisioned ones; else from what the source calls version 1.
func (r *refresh) openTrustedRoot() error {
	roots, err := provisionedRoots(r.RootDir, r.Production)
	if r.stored != nil {
		if err != nil {
			r.Log.Warn("provisioned roots are ignored", "error", err)
		}
		return r.openStoredRoot(roots)
	}
	if err != nil {
		return err
	}
	if len(roots) == 0 {
		return r.trustOnFirstUse()
	}
	if err := r.openProvisioned(roots); err != nil {
		return fmt.Errorf("provisioned roots in %s do not verify: %w", r.RootDir, err)
	}
	return nil
}

func (r *refresh) openStoredRoot(roots []provisionedRoot) error {
	if err := r.open(r.stored.root); err != nil {
		if len(roots) == 0 {
			return fmt.Errorf("%w: stored root in %s is damaged, remove the directory to start over: %s", ErrStorage, r.Dir, err)
		}
		r.Log.Warn("stored root is damaged, starting from the provisioned one", "error", err)
		return r.openProvisioned(roots)
	}
	if err := r.advance(roots); err != nil {
		r.Log.Warn("provisioned root does not follow the trusted one and is ignored", "error", err)
	}
	return nil
}

func (r *refresh) openProvisioned(roots []provisionedRoot) error {
	if err := r.open(roots[0].data); err != nil {
		return err
	}
	version, _ := r.current(roleRoot)
	if version != roots[0].version {
		return refused(roleRoot, version, fmt.Errorf("its file says version %d", roots[0].version))
	}
	if err := r.advance(roots); err != nil {
		return err
	}
	version, _ = r.current(roleRoot)
	r.Log.Info("root of trust is the provisioned one", "version", version, "dir", r.RootDir)
	return nil
}

func (r *refresh) open(data []byte) error {
	d, err := openRoot(data, r.now)
	if err != nil {
		return err
	}
	r.dialect, r.next.root = d, data
	return nil
}

// advance follows provisioned roots as far as they are the next version each.
func (r *refresh) advance(roots []provisionedRoot) error {
	for _, root := range roots {
		if version, _ := r.current(roleRoot); root.version != version+1 {
			continue
		}
		if err := r.updateRoot(root.data); err != nil {
			return err
		}
		r.next.root = root.data
	}
	return nil
}

func (r *refresh) trustOnFirstUse() error {
	data, err := r.fetch(roleRoot, 1, rootFileName(1), maxSmall)
	if err != nil {
		return err
	}
	if err := r.open(data); err != nil {
		return err
	}
	version, _ := r.current(roleRoot)
	if version != 1 {
		return refused(roleRoot, version, errors.New("version 1 was asked for"))
	}
	r.Log.Warn("no root of trust is stored or provisioned: trusting the one from the source, on first use")
	return nil
}

// followRoots fetches successors of the root until there is none.
func (r *refresh) followRoots() error {
	for range maxRootRotations {
		version, _ := r.current(roleRoot)
		data, err := r.fetch(roleRoot, version+1, rootFileName(version+1), maxSmall)
		if errors.Is(err, ErrNotFound) {
			break
		}
		if err != nil {
			return err
		}
		if err := r.updateRoot(data); err != nil {
			return err
		}
		r.next.root = data
		r.Log.Info("root of trust was rotated", "version", version+1)
		if err := r.accepted(roleRoot, data); err != nil {
			return err
		}
	}
	return nil
}
