package tuf

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"time"
)

// factoryDialect implements dialect for the dialect of device gateways.
type factoryDialect struct {
	first *factoryRoot // the root that the stored documents were verified with
	root  *factoryRoot
	docs  map[string]*document // current timestamp, snapshot and targets
	old   map[string]*document // stored ones that guard against rollback
}

func openFactory(data []byte) (dialect, error) {
	root, err := parseFactoryRoot(data)
	if err != nil {
		return nil, err
	}
	if err := root.verify(root.document); err != nil {
		return nil, err
	}
	return &factoryDialect{first: root, root: root, docs: map[string]*document{}, old: map[string]*document{}}, nil
}

func (f *factoryDialect) updateRoot(data []byte) error {
	next, err := parseFactoryRoot(data)
	if err != nil {
		return err
	}
	if next.version != f.root.version+1 {
		return next.refused("it must be version %d, the successor of the trusted one", f.root.version+1)
	}
	if err := f.root.verify(next.document); err != nil {
		return err
	}
	if err := next.verify(next.document); err != nil {
		return err
	}
	f.root = next
	return nil
}

func (f *factoryDialect) remember(stored *set) {
	f.rememberOne(roleTimestamp, stored.timestamp)
	f.rememberOne(roleSnapshot, stored.snapshot)
	f.rememberOne(roleTargets, stored.targets)
}

// rememberOne keeps a stored document for rollback protection. It is forgotten, so that a repository can recover from a
// fast-forward attack, if the root took keys from its role and it no longer verifies with the others: TUF specification,
// 5.3.11. A root that only adds keys, or asks for more signatures, does not open the way back.
func (f *factoryDialect) rememberOne(role string, data []byte) {
	d, err := parseDocument(role, data)
	if err != nil {
		return
	}
	if f.root.verify(d) == nil || f.first.verify(d) == nil && f.first.keepsKeys(f.root, role) {
		f.old[role] = d
	}
}

func (f *factoryDialect) updateTimestamp(data []byte) (bool, error) {
	d, err := f.verified(roleTimestamp, data)
	if err != nil {
		return false, err
	}
	if err := d.notBefore(f.old[roleTimestamp], true); err != nil {
		return false, err
	}
	meta, err := d.meta(roleSnapshot)
	if err != nil {
		return false, err
	}
	if err := f.forward(d, roleSnapshot, meta); err != nil {
		return false, err
	}
	if old := f.old[roleTimestamp]; old != nil && bytes.Equal(old.signed, d.signed) && f.root.verify(old) == nil {
		f.docs[roleTimestamp] = old
		return false, nil
	}
	f.docs[roleTimestamp] = d
	return true, nil
}

func (f *factoryDialect) snapshotName() string { return "snapshot.json" }

func (f *factoryDialect) keepSnapshot() bool { return f.keep(roleSnapshot, roleTimestamp) }

func (f *factoryDialect) updateSnapshot(data []byte) error {
	if err := f.update(roleSnapshot, roleTimestamp, data); err != nil {
		return err
	}
	d := f.docs[roleSnapshot]
	meta, err := d.meta(roleTargets)
	if err != nil {
		return err
	}
	return f.forward(d, roleTargets, meta)
}

// forward refuses d if it names an older version of the file of role than is trusted: 5.4.3 and 5.5.5.
func (f *factoryDialect) forward(d *document, role string, meta *fileMeta) error {
	if old := f.old[role]; old != nil && meta.version < old.version {
		return rollback(d.role, d.version, fmt.Sprintf("it names %s version %d, version %d is trusted", role, meta.version, old.version))
	}
	return nil
}

func (f *factoryDialect) targetsName() string { return "targets.json" }

func (f *factoryDialect) keepTargets() bool { return f.keep(roleTargets, roleSnapshot) }

func (f *factoryDialect) updateTargets(data []byte) error {
	if err := f.update(roleTargets, roleSnapshot, data); err != nil {
		return err
	}
	d := f.docs[roleTargets]
	if _, err := parseObject(d.members["targets"]); err != nil {
		return d.refused(`member "targets": %w`, err)
	}
	return nil
}

// keep makes the remembered document current if the current document of the role by names it.
func (f *factoryDialect) keep(role, by string) bool {
	d := f.old[role]
	if d == nil || f.root.verify(d) != nil || f.matches(d, by) != nil {
		return false
	}
	f.docs[role] = d
	return true
}

// update verifies a fetched document that the current document of the role by names.
func (f *factoryDialect) update(role, by string, data []byte) error {
	d, err := f.verified(role, data)
	if err != nil {
		return err
	}
	if err := d.notBefore(f.old[role], false); err != nil {
		return err
	}
	if err := f.matches(d, by); err != nil {
		return err
	}
	f.docs[role] = d
	return nil
}

func (f *factoryDialect) verified(role string, data []byte) (*document, error) {
	d, err := parseDocument(role, data)
	if err != nil {
		return nil, err
	}
	return d, f.root.verify(d)
}

// matches checks version, length and hashes of d against what the current document of the role by says about it.
func (f *factoryDialect) matches(d *document, by string) error {
	meta, err := f.docs[by].meta(d.role)
	if err != nil {
		return err
	}
	if d.version != meta.version {
		return d.refused("the %s names version %d", by, meta.version)
	}
	if err := meta.check(d.whole, by); err != nil {
		return d.refused("%w", err)
	}
	return nil
}

func (f *factoryDialect) current(role string) (int64, time.Time) {
	if role == roleRoot {
		return f.root.version, f.root.expires
	}
	d := f.docs[role]
	return d.version, d.expires
}

func (f *factoryDialect) targets() ([]Target, []SkippedTarget) {
	list, err := parseObject(f.docs[roleTargets].members["targets"])
	if err != nil {
		return nil, nil // updateTargets has checked it
	}
	var c targetCollector
	for _, name := range slices.Sorted(maps.Keys(list)) {
		c.addRaw(name, list[name])
	}
	return c.good, c.bad
}
