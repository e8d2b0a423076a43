package tuf

import (
	"fmt"
)

// The document of an offline bundle that says what is in it. It is signed with the keys of the targets role.
const (
	roleBundle   = "bundle-targets"
	bundleFile   = "bundle-targets.json"
	bundleMember = "x-fio-offline-bundle"
	bundleCI     = "ci"
	bundleProd   = "prod"
)

// openBundle verifies the signatures of bundle-targets.json with the current root and parses it. Unlike in other
// documents each signature must be a good one by a key of the targets role: a bundle is small and made in one go, so that
// a stray signature is a sign of tampering (spec/tuf.md, "Offline bundle"). One key under two names counts once.
func (f *factoryDialect) openBundle(data []byte) (*BundleInfo, error) {
	d, err := parseBundleDocument(data)
	if err != nil {
		return nil, bundleError(0, err)
	}
	role := f.root.roles[roleTargets]
	signers := map[[32]byte]bool{}
	for _, s := range d.signatures {
		key, ok := role.keys[s.KeyID]
		if !ok {
			return nil, bundleError(d.version, fmt.Errorf("signed with key %.64q, which root version %d does not list for targets", s.KeyID, f.root.version))
		}
		if !key.verifies(s, d.signed) {
			return nil, bundleError(d.version, fmt.Errorf("the signature with key %.64q is bad", s.KeyID))
		}
		signers[key.fingerprint] = true
	}
	if int64(len(signers)) < role.threshold {
		return nil, bundleError(d.version, fmt.Errorf("signed by %d of %d required keys", len(signers), role.threshold))
	}
	info, err := parseBundleInfo(d)
	if err != nil {
		return nil, bundleError(d.version, err)
	}
	return info, nil
}

// openBundle refuses: bundles exist in the factory dialect only.
func (s *standardDialect) openBundle([]byte) (*BundleInfo, error) {
	return nil, bundleError(0, fmt.Errorf("the root of trust is of the standard dialect, which has no bundles"))
}

// parseBundleDocument does not look at the value of "_type", which differs between tools. What cannot be mistaken is the
// member that only a bundle has.
func parseBundleDocument(data []byte) (*document, error) {
	whole, err := canonical(data)
	if err != nil {
		return nil, err
	}
	e, err := parseEnvelope(whole)
	if err != nil {
		return nil, err
	}
	members, err := parseObject(e.Signed)
	if err != nil {
		return nil, err
	}
	d := &document{role: roleBundle, signed: e.Signed, signatures: e.Signatures, members: members}
	if _, err := parseString(members["_type"]); err != nil {
		return nil, fmt.Errorf(`member "_type": %w`, err)
	}
	if d.version, err = parseVersion(members["version"]); err != nil {
		return nil, fmt.Errorf(`member "version": %w`, err)
	}
	if d.expires, err = parseTime(members["expires"]); err != nil {
		return nil, fmt.Errorf(`member "expires": %w`, err)
	}
	return d, nil
}

func parseBundleInfo(d *document) (*BundleInfo, error) {
	members, err := parseObject(d.members[bundleMember])
	if err != nil {
		return nil, fmt.Errorf("member %q: %w", bundleMember, err)
	}
	info := &BundleInfo{Version: d.version, Expires: d.expires}
	for name, to := range map[string]*string{"type": &info.Type, "tag": &info.Tag} {
		if *to, err = parseString(members[name]); err != nil {
			return nil, fmt.Errorf("member %q of %q: %w", name, bundleMember, err)
		}
	}
	if info.Type != bundleCI && info.Type != bundleProd {
		return nil, fmt.Errorf("its type is %.64q, neither %q nor %q", info.Type, bundleCI, bundleProd)
	}
	if info.Targets, err = parseStrings(members["targets"]); err != nil {
		return nil, fmt.Errorf("member %q of %q: %w", "targets", bundleMember, err)
	}
	return info, nil
}

func bundleError(version int64, err error) error {
	return &Error{Role: roleBundle, Version: version, Class: ErrBundle, Reason: err.Error(), Err: err}
}
