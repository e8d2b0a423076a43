//go:build factory

package metadata

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Need is one set of keys that must sign a document.
type Need struct {
	// By says whose keys they are.
	By string
	// Threshold is how many of them must sign.
	Threshold int
	// Signed and Unsigned are the identifiers of those that have and have not.
	Signed, Unsigned []string
}

// Met tells whether enough have signed.
func (n Need) Met() bool { return len(n.Signed) >= n.Threshold }

// Status is what a document is and who must sign it.
type Status struct {
	// Kind is "root", "targets" or "bundle".
	Kind    string
	Version int64
	Expires string
	// Details say what it does, a line each, for people who are about to sign it.
	Details []string
	Needs   []Need
}

// Err is nil if the document is signed by all who must.
func (s Status) Err() error {
	for _, need := range s.Needs {
		if !need.Met() {
			return fmt.Errorf("%s version %d: %w: %d of %d %s", s.Kind, s.Version, ErrUnsigned, len(need.Signed), need.Threshold, need.By)
		}
	}
	return nil
}

// proposal is a parsed document of one of the kinds that people sign.
type proposal struct {
	Status
	doc     envelope
	message []byte
	root    rootSigned // of kind root
}

func parseProposal(document []byte) (*proposal, error) {
	doc, message, err := open(document)
	if err != nil {
		return nil, err
	}
	p := &proposal{doc: doc, message: message}
	var signed struct {
		header
		Bundle *Bundle `json:"x-fio-offline-bundle"`
	}
	if err := json.Unmarshal(doc.Signed, &signed); err != nil {
		return nil, fmt.Errorf("read document: %w", err)
	}
	p.Version, p.Expires = signed.Version, signed.Expires
	switch {
	case signed.Type == "Root":
		p.Kind = "root"
		var root rootSigned
		err = json.Unmarshal(doc.Signed, &root)
		p.root, p.Details = root, root.details()
	case signed.Type == "Targets" && signed.Bundle != nil:
		p.Kind, p.Details = "bundle", signed.Bundle.details()
	case signed.Type == "Targets":
		p.Kind = "targets"
		var targets targetsSigned
		err = json.Unmarshal(doc.Signed, &targets)
		p.Details = targets.details()
	default:
		err = fmt.Errorf("a document of type %q is not signed by people", signed.Type)
	}
	if err != nil {
		return nil, fmt.Errorf("read document: %w", err)
	}
	return p, nil
}

func (root rootSigned) details() (lines []string) {
	for _, role := range Roles() {
		keys := root.Roles[role]
		lines = append(lines, fmt.Sprintf("%s: %d of these keys must sign: %s", role, keys.Threshold, strings.Join(keys.KeyIDs, ", ")))
	}
	if root.Changelog != "" {
		lines = append(lines, fmt.Sprintf("changelog: %q", root.Changelog))
	}
	return lines
}

func (t targetsSigned) details() (lines []string) {
	for _, name := range slices.Sorted(maps.Keys(t.Targets)) {
		target := t.Targets[name]
		lines = append(lines, fmt.Sprintf("target %q, tags %q, commit %s", name, target.Custom.Tags, target.Hashes["sha256"]))
	}
	return lines
}

func (b Bundle) details() []string {
	return []string{fmt.Sprintf("bundle of type %q for tag %q with targets %q", b.Type, b.Tag, b.Targets)}
}

// Describe tells what a document is, without asking whether it is signed.
func Describe(document []byte) (Status, error) {
	p, err := parseProposal(document)
	if err != nil {
		return Status{}, err
	}
	return p.Status, nil
}

// Check tells what a document is and who must sign it, given the newest root: a root needs the old keys and its own.
func (r *Repository) Check(document []byte) (Status, error) {
	p, err := parseProposal(document)
	if err != nil {
		return Status{}, err
	}
	root, err := r.root()
	if err != nil {
		return Status{}, err
	}
	p.check(root)
	return p.Status, nil
}

func (p *proposal) check(root rootSigned) {
	if p.Kind == "root" {
		p.Needs = []Need{p.need(root, Root), p.need(p.root, Root)}
	} else {
		p.Needs = []Need{p.need(root, Targets)}
	}
}

func (p *proposal) need(root rootSigned, role Role) Need {
	keys := root.Roles[role]
	n := Need{By: fmt.Sprintf("%s keys of root version %d", role, root.Version), Threshold: keys.Threshold}
	for _, id := range keys.KeyIDs {
		if p.signedBy(root, id) {
			n.Signed = append(n.Signed, id)
		} else {
			n.Unsigned = append(n.Unsigned, id)
		}
	}
	return n
}

func (p *proposal) signedBy(root rootSigned, id string) bool {
	for _, s := range p.doc.Signatures {
		if s.KeyID == id && root.Keys[id].Verifies(s.Method, s.Sig, p.message) {
			return true
		}
	}
	return false
}

// String is one line for people.
func (s Status) String() string {
	return fmt.Sprintf("%s version %d, expires %s", s.Kind, s.Version, strings.TrimSpace(s.Expires))
}
