//go:build factory

package metadata

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// ErrUnsigned is returned for a document that too few have signed.
var ErrUnsigned = errors.New("not signed by enough keys")

// Accept publishes documents that people have signed: a root, targets, or both, in any order. All are checked before
// anything is written. A root that gives the targets role other keys needs targets that these signed along with it, lest
// devices meet targets that they must refuse.
func (r *Repository) Accept(documents ...[]byte) error {
	root, err := r.root()
	if err != nil {
		return err
	}
	var roots, targets []*proposal
	for _, document := range documents {
		p, err := parseProposal(document)
		if err != nil {
			return err
		}
		switch p.Kind {
		case "root":
			roots = append(roots, p)
		case "targets":
			targets = append(targets, p)
		default:
			return fmt.Errorf("a %s is not published; make the bundle with it", p.Kind)
		}
	}
	if len(roots) > 1 || len(targets) > 1 {
		return errors.New("accept one root and one targets document at a time")
	}
	for _, p := range roots {
		if err := p.successor(root, root.Version); err != nil {
			return err
		}
		root = p.root
	}
	if err := r.checkTargets(root, targets); err != nil {
		return err
	}
	return r.publishAccepted(roots, targets)
}

// successor makes sure that p is signed and is the next version after the present one.
func (p *proposal) successor(root rootSigned, present int64) error {
	p.check(root)
	if p.Version != present+1 {
		return fmt.Errorf("%s version %d: the next one is %d; something else was published since it was written, write it again", p.Kind, p.Version, present+1)
	}
	return p.Err()
}

func (r *Repository) checkTargets(root rootSigned, targets []*proposal) error {
	data, err := os.ReadFile(filepath.Join(r.dir, "targets.json"))
	if err != nil {
		return fmt.Errorf("read metadata: %w", err)
	}
	present, err := parseProposal(data)
	if err != nil {
		return err
	}
	for _, p := range targets {
		return p.successor(root, present.Version)
	}
	present.check(root)
	if err := present.Err(); err != nil {
		return fmt.Errorf("the targets must be signed again and published with this root: %w", err)
	}
	return nil
}

func (r *Repository) publishAccepted(roots, targets []*proposal) error {
	for _, p := range roots {
		if err := r.writeAccepted(rootFile(p.Version), p); err != nil {
			return err
		}
	}
	for _, p := range targets {
		if err := r.writeAccepted("targets.json", p); err != nil {
			return err
		}
		return r.publishSnapshot(time.Time{})
	}
	return nil
}

func (r *Repository) writeAccepted(name string, p *proposal) error {
	document, err := p.doc.encode()
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return writeAside(filepath.Join(r.dir, name), document)
}
