//go:build factory

package tuf

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/stretchr/testify/require"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// delegatingRepo is a standard repository with delegated roles.
type delegatingRepo struct {
	*standardRepo
	roles map[string]*metadata.Metadata[metadata.TargetsType]
	keys  map[string]signature.Signer
}

func newDelegatingRepo(t *testing.T) *delegatingRepo {
	r := &delegatingRepo{newStandardRepo(t, nil), map[string]*metadata.Metadata[metadata.TargetsType]{}, map[string]signature.Signer{}}
	r.roles[roleTargets] = r.targets
	return r
}

// delegate lets one role trust another for some paths. A role that two roles trust has the key that the first gave it.
func (r *delegatingRepo) delegate(by, role string, terminating bool, paths ...string) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(r.t, err)
	key, err := metadata.KeyFromPublicKey(private.Public())
	require.NoError(r.t, err)
	if r.roles[role] == nil {
		r.roles[role] = metadata.Targets(testNow.AddDate(1, 0, 0))
		r.keys[role], err = signature.LoadSigner(private, crypto.SHA256)
		require.NoError(r.t, err)
	}
	d := r.roles[by].Signed.Delegations
	if d == nil {
		d = &metadata.Delegations{Keys: map[string]*metadata.Key{}}
		r.roles[by].Signed.Delegations = d
	}
	id, err := key.ID()
	require.NoError(r.t, err)
	d.Keys[id] = key
	d.Roles = append(d.Roles, metadata.DelegatedRole{Name: role, KeyIDs: []string{id}, Threshold: 1, Terminating: terminating, Paths: paths})
}

func (r *delegatingRepo) list(role, name string) {
	file, err := metadata.TargetFile().FromBytes(name, []byte(name+" by "+role))
	require.NoError(r.t, err)
	r.roles[role].Signed.Targets[name] = file
}

func (r *delegatingRepo) publish() {
	for role, key := range r.keys {
		if name := "1." + roleFileName(role); name != "1.root.json" {
			r.files[name] = standardSign(r.t, r.roles[role], key)
		}
		r.snapshot.Signed.Meta[role+".json"] = &metadata.MetaFiles{Version: 1}
	}
	r.standardRepo.publish()
}

func (r *delegatingRepo) client() *Stepwise {
	dir := r.t.(*testing.T).TempDir()
	require.NoError(r.t, os.WriteFile(filepath.Join(dir, "root.json"), r.files["1.root.json"], 0o644))
	s := &Stepwise{Source: r, Dir: dir, Now: testNow, Log: slog.New(slog.DiscardHandler)}
	require.NoError(r.t, s.Refresh(r.t.(*testing.T).Context()))
	r.requests = nil
	return s
}

func TestLookup(t *testing.T) {
	r := newDelegatingRepo(t)
	r.delegate(roleTargets, "a", false, "a/*", "both/*")
	r.delegate(roleTargets, "b", true, "b/*", "both/*")
	r.delegate(roleTargets, "c", false, "*/*")
	r.delegate("a", "a/../d", false, "a/*")
	r.delegate("a/../d", "a", false, "a/*") // a cycle
	for role, names := range map[string]string{"a": "both/x", "b": "b/x both/x", "c": "b/only-c c/x", "a/../d": "a/x c/y"} {
		for name := range strings.FieldsSeq(names) {
			r.list(role, name)
		}
	}
	r.publish()
	for _, tt := range []struct {
		name, by string
		requests []string
	}{
		{"dir/intel-lmp-1", roleTargets, nil},
		{"both/x", "a", []string{"1.a.json"}},
		{"b/x", "b", []string{"1.b.json"}},
		{"a/x", "a/../d", []string{"1.a.json", "1.a%2F..%2Fd.json"}},
		{"c/x", "c", []string{"1.c.json"}},
		{"c/y", "", []string{"1.c.json"}},                                  // listed by a role that is not trusted for it
		{"b/only-c", "", []string{"1.b.json"}},                             // b is the last word on b/
		{"a/y", "", []string{"1.a.json", "1.a%2F..%2Fd.json", "1.c.json"}}, // through the cycle once
		{"B/x", "", []string{"1.c.json"}},
		{"x/y/z", "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := r.client()
			for range 2 {
				file, err := s.Lookup(tt.name)
				require.Equal(t, tt.requests, r.requests, "also the second time, from the store")
				if tt.by == "" {
					require.ErrorIs(t, err, ErrNotFound)
					continue
				}
				require.NoError(t, err)
				if tt.by != roleTargets {
					require.NoError(t, file.VerifyLengthHashes([]byte(tt.name+" by "+tt.by)))
				}
			}
		})
	}
}

func TestLookupVerifies(t *testing.T) {
	for name, tt := range map[string]struct {
		do   func(r *delegatingRepo)
		want error
		text string
	}{
		"nothing":           {func(r *delegatingRepo) {}, nil, ""},
		"tampered":          {func(r *delegatingRepo) { r.replace("1.a.json", "a/x", "a/z") }, ErrInvalid, "a version 1 refused"},
		"missing":           {func(r *delegatingRepo) { delete(r.files, "1.a.json") }, ErrNotFound, "a version 1 not found"},
		"of another key":    {func(r *delegatingRepo) { r.keys["a"] = r.keys["b"]; r.publish() }, ErrInvalid, "a version 1 refused"},
		"not in snapshot":   {func(r *delegatingRepo) { delete(r.snapshot.Signed.Meta, "a.json"); r.standardRepo.publish() }, ErrInvalid, "the snapshot does not name it"},
		"expired":           {func(r *delegatingRepo) { r.roles["a"].Signed.Expires = testNow.AddDate(0, 0, -1); r.publish() }, ErrExpired, "a version 1 refused"},
		"of other version":  {func(r *delegatingRepo) { r.roles["a"].Signed.Version = 2; r.publish() }, ErrInvalid, "a version 2 refused"},
		"called like root":  {func(r *delegatingRepo) { r.delegate(roleTargets, "root", false, "r/*"); r.publish() }, nil, ""},
		"of the other type": {func(r *delegatingRepo) { r.files["1.a.json"] = r.files["1.snapshot.json"] }, ErrInvalid, "a version 1 refused"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newDelegatingRepo(t)
			r.delegate(roleTargets, "a", false, "a/*")
			r.delegate(roleTargets, "b", false, "b/*")
			r.list("a", "a/x")
			r.publish()
			tt.do(r)
			s := r.client()
			_, err := s.Lookup("a/x")
			if tt.want == nil {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, tt.want)
				require.ErrorContains(t, err, tt.text)
				require.NoFileExists(t, filepath.Join(s.Dir, "a.json"))
			}
			root := tree(t, s.Dir)[filepath.Join(s.Dir, "root.json")]
			_, err = s.Lookup("r/x")
			require.Error(t, err)
			require.Equal(t, root, tree(t, s.Dir)[filepath.Join(s.Dir, "root.json")], "never by a delegated role")
		})
	}
}

// A role that is good on the path through one role is not on the path through another, which gave it another key.
func TestLookupVerifiesOnEachPath(t *testing.T) {
	r := newDelegatingRepo(t)
	r.delegate(roleTargets, "a", false, "a/*")
	r.delegate(roleTargets, "b", false, "b/*")
	r.delegate("a", "release", false, "a/*")
	r.delegate("b", "release", false, "b/*")
	r.list("release", "a/x")
	r.list("release", "b/x")
	r.publish()
	s := r.client()
	_, err := s.Lookup("a/x")
	require.NoError(t, err)
	_, err = s.Lookup("b/x")
	require.ErrorIs(t, err, ErrInvalid)
}

// What verified is kept in its file, also when something after it did not.
func TestStepwiseKeepsWhatVerified(t *testing.T) {
	r := newDelegatingRepo(t)
	s := r.client()
	before := tree(t, s.Dir)
	r.release()
	r.replace("2.targets.json", "hub.example", "bad.example")
	require.ErrorIs(t, s.Refresh(t.Context()), ErrInvalid)
	after := tree(t, s.Dir)
	for name, want := range map[string]string{
		"root.json": before[filepath.Join(s.Dir, "root.json")], "targets.json": before[filepath.Join(s.Dir, "targets.json")],
		"timestamp.json": string(r.files["timestamp.json"]), "snapshot.json": string(r.files["2.snapshot.json"]),
	} {
		require.Equal(t, want, after[filepath.Join(s.Dir, name)], name)
	}
}

func TestStepwiseWantsItsDialect(t *testing.T) {
	r := newTestRepo(t)
	s := &Stepwise{Source: r, Dir: t.TempDir(), Now: testNow, Log: slog.New(slog.DiscardHandler)}
	require.ErrorIs(t, s.Refresh(t.Context()), ErrNoMetadata)
	require.NoError(t, os.WriteFile(filepath.Join(s.Dir, "root.json"), r.files["1.root.json"], 0o644))
	require.ErrorContains(t, s.Refresh(t.Context()), "not of the standard dialect")
}
