//go:build factory

package factory

import (
	"context"
	"fmt"
	"time"

	"github.com/sotabox/sotabox/factory/metadata"
)

// ProposeVersion does what Publish does, but for signing: it commits the version's tree and returns the targets that name
// the commit, for other people to sign.
func (f *Factory) ProposeVersion(ctx context.Context, v Version) (Published, []byte, error) {
	m, err := f.signedInSteps()
	if err != nil {
		return Published{}, nil, err
	}
	p, target, err := f.makeTarget(ctx, v)
	if err != nil {
		return Published{}, nil, err
	}
	document, err := m.ProposeTargets(func(targets map[string]metadata.Target) error {
		targets[p.Name] = target
		return nil
	}, time.Time{})
	if err != nil {
		return Published{}, nil, fmt.Errorf("propose version %d: %w", v.Number, err)
	}
	return p, document, nil
}

// ProposeTargets returns the present targets, less those withdrawn, for other people to sign. After a root that changes
// their keys they must.
func (f *Factory) ProposeTargets(withdraw []string, expires time.Time) ([]byte, error) {
	m, err := f.signedInSteps()
	if err != nil {
		return nil, err
	}
	return m.ProposeTargets(func(targets map[string]metadata.Target) error {
		for _, want := range withdraw {
			name, _, err := f.FindTarget(want)
			if err != nil {
				return err
			}
			delete(targets, name)
		}
		return nil
	}, expires)
}

// ProposeRoot returns the next root for other people to sign.
func (f *Factory) ProposeRoot(p metadata.RootProposal) ([]byte, error) {
	m, err := f.signedInSteps()
	if err != nil {
		return nil, err
	}
	return m.ProposeRoot(p)
}

// Check tells who has signed a document and who must.
func (f *Factory) Check(document []byte) (metadata.Status, error) {
	m, err := f.signedInSteps()
	if err != nil {
		return metadata.Status{}, err
	}
	return m.Check(document)
}

// Accept publishes documents that people have signed.
func (f *Factory) Accept(documents ...[]byte) error {
	m, err := f.signedInSteps()
	if err != nil {
		return err
	}
	return m.Accept(documents...)
}
