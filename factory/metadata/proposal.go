//go:build factory

package metadata

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sotabox/sotabox/factory/keys"
	"github.com/sotabox/sotabox/tuf"
)

// A proposal is a document that is not published yet: it goes round the people who hold the keys of its role, each of
// whom signs it with Sign, and comes back to Accept. It is a document like any other, with too few signatures.

// RootProposal is a next root whose keys are in other people's hands.
type RootProposal struct {
	Role      Role          // that gets the keys: Root or Targets
	Keys      []keys.Public // of those people
	Threshold int           // how many of them must sign
	Expires   time.Time     // zero: ten years from now
	Changelog string        // free text, signed along
}

// ProposeRoot returns the next root, unsigned. The keys of the role become those of the proposal.
func (r *Repository) ProposeRoot(p RootProposal) ([]byte, error) {
	if p.Role != Root && p.Role != Targets {
		return nil, fmt.Errorf("propose root: %s is signed by the factory itself; people sign for root and targets", p.Role)
	}
	next, err := r.root()
	if err != nil {
		return nil, err
	}
	next.Keys, next.Roles = maps.Clone(next.Keys), maps.Clone(next.Roles)
	entry := RoleKeys{Threshold: p.Threshold}
	for _, key := range p.Keys {
		if slices.Contains(entry.KeyIDs, key.ID()) {
			return nil, fmt.Errorf("propose root: key %s is given twice", key.ID())
		}
		next.Keys[key.ID()] = key
		entry.KeyIDs = append(entry.KeyIDs, key.ID())
	}
	if p.Threshold < 1 || p.Threshold > len(p.Keys) {
		return nil, fmt.Errorf("propose root: a threshold of %d cannot be met by %d keys", p.Threshold, len(p.Keys))
	}
	next.Roles[p.Role] = entry
	next.dropUnusedKeys()
	if p.Expires.IsZero() {
		p.Expires = r.now().Add(rootTTL)
	}
	next.header = newHeader("Root", next.Version+1, p.Expires)
	next.Changelog = p.Changelog
	return sign(next, nil)
}

// ProposeTargets returns the next targets, unsigned, after change. A nil change signs the present ones again, as a root
// with other keys needs. A zero expiry means the usual one.
func (r *Repository) ProposeTargets(change func(map[string]Target) error, expires time.Time) ([]byte, error) {
	var targets targetsSigned
	if err := r.read("targets.json", &targets); err != nil {
		return nil, err
	}
	if change != nil {
		if err := change(targets.Targets); err != nil {
			return nil, err
		}
	}
	targets.header = newHeader("Targets", targets.Version+1, r.expiry(expires))
	return sign(targets, nil)
}

// Bundle describes an offline bundle.
type Bundle struct {
	Type    string   `json:"type"` // "ci" or "prod"
	Tag     string   `json:"tag"`
	Targets []string `json:"targets"`
}

type bundleSigned struct {
	header
	Bundle Bundle `json:"x-fio-offline-bundle"`
}

// ProposeBundle returns the document that describes an offline bundle, unsigned. Its version is that of the targets.
func (r *Repository) ProposeBundle(b Bundle, expires time.Time) ([]byte, error) {
	document, err := r.bundle(b, expires)
	if err != nil {
		return nil, err
	}
	return sign(document, nil)
}

// SignBundle is ProposeBundle signed with the keys of the targets role, which must be at hand.
func (r *Repository) SignBundle(b Bundle, expires time.Time) ([]byte, error) {
	document, err := r.bundle(b, expires)
	if err != nil {
		return nil, err
	}
	root, err := r.root()
	if err != nil {
		return nil, err
	}
	signers, err := r.signers(root.Roles[Targets])
	if err != nil {
		return nil, fmt.Errorf("sign bundle: %w", err)
	}
	return sign(document, signers)
}

func (r *Repository) bundle(b Bundle, expires time.Time) (bundleSigned, error) {
	var head header
	if err := r.read("targets.json", &head); err != nil {
		return bundleSigned{}, err
	}
	return bundleSigned{newHeader("Targets", head.Version, r.expiry(expires)), b}, nil
}

// Sign adds a signature to a document, or makes it anew if the key has signed it before.
func Sign(document []byte, key *keys.Key) ([]byte, error) {
	doc, message, err := open(document)
	if err != nil {
		return nil, err
	}
	method, sig, err := key.Sign(message)
	if err != nil {
		return nil, fmt.Errorf("sign with key %s: %w", key.ID(), err)
	}
	doc.Signatures = slices.DeleteFunc(doc.Signatures, func(s signature) bool { return s.KeyID == key.ID() })
	doc.Signatures = append(doc.Signatures, signature{KeyID: key.ID(), Method: method, Sig: sig})
	return doc.encode()
}

// open parses a document and returns what its signatures are over.
func open(document []byte) (doc envelope, message []byte, err error) {
	parsed, err := tuf.ParseEnvelope(document)
	if err != nil {
		return doc, nil, fmt.Errorf("read document: %w", err)
	}
	if err := json.Unmarshal(document, &doc); err != nil {
		return doc, nil, fmt.Errorf("read document: %w", err)
	}
	return doc, parsed.Signed, nil
}

// ReadBundle returns what a document says about a bundle, without asking whether it is signed.
func ReadBundle(document []byte) (Bundle, error) {
	doc, _, err := open(document)
	if err != nil {
		return Bundle{}, err
	}
	var signed bundleSigned
	if err := json.Unmarshal(doc.Signed, &signed); err != nil {
		return Bundle{}, fmt.Errorf("read bundle: %w", err)
	}
	return signed.Bundle, nil
}

// Equal tells whether two bundles are the same, with the same targets in the same order.
func (b Bundle) Equal(o Bundle) bool {
	return b.Type == o.Type && b.Tag == o.Tag && slices.Equal(b.Targets, o.Targets)
}
