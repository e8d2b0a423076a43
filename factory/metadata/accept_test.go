//go:build factory

package metadata

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/factory/keys"
)

// people are keys that are in nobody's key directory.
func people(t *testing.T, types ...keys.Type) (hold []*keys.Key, give []keys.Public) {
	for _, typ := range types {
		key, err := keys.Generate(typ)
		require.NoError(t, err)
		hold, give = append(hold, key), append(give, key.Public())
	}
	return hold, give
}

func signAll(t *testing.T, document []byte, signers ...*keys.Key) []byte {
	for _, key := range signers {
		var err error
		document, err = Sign(document, key)
		require.NoError(t, err)
	}
	return document
}

func contents(t *testing.T, dir string) map[string]string {
	files := map[string]string{}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		require.NoError(t, err)
		files[entry.Name()] = string(data)
	}
	return files
}

// atHand is the key that the factory itself has for a role.
func atHand(t *testing.T, r *Repository, role Role) *keys.Key {
	root, err := r.root()
	require.NoError(t, err)
	key, ok := r.keys.Key(root.Roles[role].KeyIDs[0])
	require.True(t, ok)
	return key
}

func TestSigningInSteps(t *testing.T) {
	r, p := newRepository(t, keys.ED25519)
	before := contents(t, p.dir)
	three, public := people(t, keys.ED25519, keys.RSA, keys.ED25519)

	document, err := r.ProposeRoot(RootProposal{Role: Root, Keys: public, Threshold: 2, Changelog: "keys of three people"})
	require.NoError(t, err)
	require.ErrorIs(t, r.Accept(document), ErrUnsigned)
	document = signAll(t, document, three[0], atHand(t, r, Root))
	status, err := r.Check(document)
	require.NoError(t, err)
	require.Equal(t, "root version 2, expires 2039-12-31T03:04:05Z", status.String())
	require.True(t, status.Needs[0].Met(), "the old key")
	require.False(t, status.Needs[1].Met())
	require.Equal(t, []string{three[0].ID()}, status.Needs[1].Signed)
	require.Equal(t, []string{three[1].ID(), three[2].ID()}, status.Needs[1].Unsigned)
	require.EqualError(t, r.Accept(document), "root version 2: not signed by enough keys: 1 of 2 root keys of root version 2")
	document = signAll(t, document, three[0])
	require.ErrorIs(t, r.Accept(document), ErrUnsigned, "the same key again")
	require.Equal(t, before, contents(t, p.dir), "nothing was published")

	document = signAll(t, document, three[1])
	require.NoError(t, r.Accept(document))
	p.checkChain("2")
	root := p.document("2.root.json")
	require.Equal(t, 2, p.signers(root, root["signed"].(object), "root"))
	require.ErrorContains(t, r.Accept(document), "the next one is 3")
	require.ErrorIs(t, r.ChangeRoot(RootChange{}), ErrNoKey, "the factory alone can no more")
}

func TestTargetsOfPeople(t *testing.T) {
	r, p := newRepository(t, keys.ED25519)
	require.NoError(t, r.SetTarget("a", Target{Hashes: map[string]string{"sha256": "ab"}}))
	two, public := people(t, keys.ED25519, keys.ED25519)
	root, err := r.ProposeRoot(RootProposal{Role: Targets, Keys: public, Threshold: 2})
	require.NoError(t, err)
	root = signAll(t, root, atHand(t, r, Root))
	before := contents(t, p.dir)
	require.ErrorContains(t, r.Accept(root), "the targets must be signed again")
	require.Equal(t, before, contents(t, p.dir))

	targets, err := r.ProposeTargets(nil, time.Time{})
	require.NoError(t, err)
	targets = signAll(t, targets, two...)
	require.ErrorIs(t, r.Accept(targets), ErrUnsigned, "not by the keys of the present root")
	require.NoError(t, r.Accept(targets, root), "in any order")
	p.checkChain("2")
	require.Contains(t, p.signed("targets.json")["targets"], "a")

	require.ErrorIs(t, r.SetTarget("b", Target{}), ErrNoKey)
	targets, err = r.ProposeTargets(func(m map[string]Target) error { m["b"] = Target{}; return nil }, time.Time{})
	require.NoError(t, err)
	require.ErrorIs(t, r.Accept(signAll(t, targets, two[0])), ErrUnsigned)
	require.NoError(t, r.Accept(signAll(t, targets, two...)))
	p.checkChain("2")
	require.Contains(t, p.signed("targets.json")["targets"], "b")

	bundle, err := r.ProposeBundle(Bundle{Type: "ci", Tag: "main", Targets: []string{"b"}}, time.Time{})
	require.NoError(t, err)
	_, err = r.SignBundle(Bundle{}, time.Time{})
	require.ErrorIs(t, err, ErrNoKey)
	status, err := r.Check(signAll(t, bundle, two[0]))
	require.NoError(t, err)
	require.ErrorIs(t, status.Err(), ErrUnsigned)
	status, err = r.Check(signAll(t, bundle, two...))
	require.NoError(t, err)
	require.NoError(t, status.Err())
	require.ErrorContains(t, r.Accept(bundle), "a bundle is not published")
}

func TestTamperedProposal(t *testing.T) {
	r, p := newRepository(t, keys.ED25519)
	document, err := r.ProposeTargets(nil, time.Time{})
	require.NoError(t, err)
	document = signAll(t, document, atHand(t, r, Targets))
	before := contents(t, p.dir)
	require.ErrorIs(t, r.Accept([]byte(strings.Replace(string(document), `"targets": {}`, `"targets": {"evil": {}}`, 1))), ErrUnsigned)
	for _, text := range []string{"", "{}", `{"signed":{},"signatures":[]}`, `{"signed":{"_type":"Snapshot"},"signatures":[]}`} {
		require.Error(t, r.Accept([]byte(text)), text)
	}
	require.Error(t, r.Accept(document, document))
	require.Equal(t, before, contents(t, p.dir))
	require.NoError(t, r.Accept(document))
}

func TestImpossibleProposals(t *testing.T) {
	r, _ := newRepository(t, keys.ED25519)
	_, public := people(t, keys.ED25519)
	for _, p := range []RootProposal{
		{Role: Root, Keys: public, Threshold: 2},
		{Role: Root, Keys: public},
		{Role: Root, Keys: append(public, public...), Threshold: 2},
		{Role: Timestamp, Keys: public, Threshold: 1},
	} {
		_, err := r.ProposeRoot(p)
		require.Error(t, err)
	}
}
