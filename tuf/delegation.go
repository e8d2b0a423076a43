//go:build factory

package tuf

import (
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"
)

// maxDelegations bounds the roles that one lookup visits.
const maxDelegations = 32

// delegation is a role and the role that trusts it.
type delegation struct{ role, by string }

// Lookup finds a target in the tree of delegations, in pre-order: TUF specification, 5.6.7. It needs a Refresh before.
// A role is verified with the keys that its delegator gave it each time that it is visited: what is good on one path need
// not be on another. A target that no role lists is ErrNotFound.
func (s *Stepwise) Lookup(name string) (*TargetFile, error) {
	stack := []delegation{{roleTargets, roleRoot}}
	visited := map[string]bool{}
	for len(stack) > 0 && len(visited) < maxDelegations {
		next := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if visited[next.role] {
			continue
		}
		visited[next.role] = true
		signed, err := s.open(next)
		if err != nil {
			return nil, err
		}
		if file, ok := signed.Targets[name]; ok {
			return file, nil
		}
		if signed.Delegations == nil {
			continue
		}
		var children []delegation
		for _, child := range signed.Delegations.GetRolesForTarget(name) {
			children = append(children, delegation{child.Name, next.role})
			if child.Terminating {
				stack = nil
				break
			}
		}
		slices.Reverse(children)
		stack = append(stack, children...)
	}
	return nil, fmt.Errorf("%w: target %q", ErrNotFound, name)
}

// open returns the targets of a role, from the store if what is there is what the snapshot names and the delegator trusts.
func (s *Stepwise) open(d delegation) (*metadata.TargetsType, error) {
	trusted := s.trusted()
	if d.role == roleTargets {
		return &trusted.Targets[roleTargets].Signed, nil // verified by Refresh
	}
	if _, ok := factoryTypes[d.role]; ok || d.role == "" {
		return nil, refused(d.role, 0, errors.New("a delegated role must not have the name of a top-level one"))
	}
	meta, ok := trusted.Snapshot.Signed.Meta[d.role+".json"]
	if !ok {
		return nil, refused(d.role, 0, errors.New("the snapshot does not name it"))
	}
	if data, err := s.load(roleFileName(d.role)); err == nil {
		if signed, err := s.verify(d, data); err == nil {
			return signed, nil
		}
	}
	name := roleFileName(d.role)
	if s.ConsistentSnapshot() {
		name = fmt.Sprintf("%d.%s", meta.Version, name)
	}
	data, err := s.run.fetch(d.role, meta.Version, name, maxTargets)
	if err != nil {
		return nil, err
	}
	signed, err := s.verify(d, data)
	if err != nil {
		return nil, err
	}
	return signed, s.keep(d.role, data)
}

func (s *Stepwise) verify(d delegation, data []byte) (*metadata.TargetsType, error) {
	if err := checkStandard(roleTargets, data); err != nil {
		return nil, err
	}
	targets, err := s.trusted().UpdateDelegatedTargets(data, d.role, d.by)
	if err != nil {
		return nil, standardError(d.role, data, err)
	}
	return &targets.Signed, nil
}

func (s *Stepwise) trusted() *trustedmetadata.TrustedMetadata {
	return s.run.dialect.(*standardDialect).trusted
}

// roleFileName quotes the name of a role, which may be any text, so that it is one component of a path and of a URL.
func roleFileName(role string) string { return url.PathEscape(role) + ".json" }
