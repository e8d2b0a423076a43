package tuf

import (
	"encoding/json"
	"fmt"
)

// factoryRoot is a root document of the factory dialect with its keys and roles. Its own signatures are verified
// separately.
type factoryRoot struct {
	*document
	roles map[string]*factoryRole
}

// factoryRole says who may sign for a role.
type factoryRole struct {
	threshold int64
	keys      map[string]*verifyKey // by key identifier
}

// parseFactoryRoot wants all four roles, thresholds from 1 and keys that parse. A role may list the identifier of a key
// that the root does not have; nobody can sign with it.
func parseFactoryRoot(data []byte) (*factoryRoot, error) {
	d, err := parseDocument(roleRoot, data)
	if err != nil {
		return nil, err
	}
	list, err := parseObject(d.members["keys"])
	if err != nil {
		return nil, d.refused(`member "keys": %w`, err)
	}
	keys := make(map[string]*verifyKey, len(list))
	for id, raw := range list {
		if keys[id], err = parseKey(raw); err != nil {
			return nil, d.refused("key %.64q: %w", id, err)
		}
	}
	roles, err := parseObject(d.members["roles"])
	if err != nil {
		return nil, d.refused(`member "roles": %w`, err)
	}
	r := &factoryRoot{document: d, roles: make(map[string]*factoryRole, len(factoryTypes))}
	for name := range factoryTypes {
		if r.roles[name], err = parseFactoryRole(roles[name], keys); err != nil {
			return nil, d.refused("role %s: %w", name, err)
		}
	}
	return r, nil
}

func parseFactoryRole(raw json.RawMessage, keys map[string]*verifyKey) (*factoryRole, error) {
	members, err := parseObject(raw)
	if err != nil {
		return nil, err
	}
	role := &factoryRole{keys: map[string]*verifyKey{}}
	if role.threshold, err = parseVersion(members["threshold"]); err != nil {
		return nil, fmt.Errorf(`member "threshold": %w`, err)
	}
	ids, err := parseStrings(members["keyids"])
	if err != nil {
		return nil, fmt.Errorf(`member "keyids": %w`, err)
	}
	for _, id := range ids {
		if key, ok := keys[id]; ok {
			role.keys[id] = key
		}
	}
	return role, nil
}

// verify refuses d unless enough different keys of its role signed it. Signatures that are bad, or of keys that the role
// does not have, do not count, and do no harm: TUF specification, 5.3.4. One key under two identifiers is one key.
func (r *factoryRoot) verify(d *document) error {
	role := r.roles[d.role]
	signers := map[[32]byte]bool{}
	for _, s := range d.signatures {
		if key, ok := role.keys[s.KeyID]; ok && !signers[key.fingerprint] && key.verifies(s, d.signed) {
			signers[key.fingerprint] = true
		}
	}
	if int64(len(signers)) < role.threshold {
		by := ""
		if d.role == roleRoot && r.document != d {
			by = fmt.Sprintf(" of root version %d", r.version)
		}
		return d.refused("signed by %d of %d required keys%s", len(signers), role.threshold, by)
	}
	return nil
}

// keepsKeys tells whether a role still has in next all the keys that it has in r, whatever they are called.
func (r *factoryRoot) keepsKeys(next *factoryRoot, role string) bool {
	kept := next.fingerprints(role)
	for key := range r.fingerprints(role) {
		if !kept[key] {
			return false
		}
	}
	return true
}

func (r *factoryRoot) fingerprints(role string) map[[32]byte]bool {
	set := map[[32]byte]bool{}
	for _, key := range r.roles[role].keys {
		set[key.fingerprint] = true
	}
	return set
}
