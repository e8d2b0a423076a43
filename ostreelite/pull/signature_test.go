package pull

import (
	"context"
	"crypto/ed25519"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/object/gvariant"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// newKey makes a key of a seed, so that a test says the same each time.
func newKey(seed byte) ed25519.PrivateKey {
	s := make([]byte, ed25519.SeedSize)
	s[0] = seed
	return ed25519.NewKeyFromSeed(s)
}

func public(k ed25519.PrivateKey) ed25519.PublicKey { return k.Public().(ed25519.PublicKey) }

// signed is detached metadata with the signatures of some keys.
func signed(commit []byte, keys ...ed25519.PrivateKey) []byte {
	list := make([][]byte, len(keys))
	for i, k := range keys {
		list[i] = ed25519.Sign(k, commit)
	}
	aay := gvariant.MustType("aay")
	return object.CommitMetadata(map[string][]byte{signaturesKey: gvariant.Variant(aay, gvariant.Array(aay, list...))})
}

func TestVerifySignature(t *testing.T) {
	commit := []byte("what is signed")
	one, two := newKey(1), newKey(2)
	oneFalse := signed([]byte("something else"), one)
	short := gvariant.MustType("aay")
	for _, tc := range []struct {
		name     string
		keys     []ed25519.PublicKey
		detached []byte
		ok       bool
	}{
		{"signed", []ed25519.PublicKey{public(one)}, signed(commit, one), true},
		{"signed by the second of two", []ed25519.PublicKey{public(one), public(two)}, signed(commit, two), true},
		{"two signatures, the second trusted", []ed25519.PublicKey{public(two)}, signed(commit, one, two), true},
		{"not signed", []ed25519.PublicKey{public(one)}, nil, false},
		{"no signature in it", []ed25519.PublicKey{public(one)}, object.CommitMetadata(nil), false},
		{"another's signature", []ed25519.PublicKey{public(two)}, signed(commit, one), false},
		{"signature of something else", []ed25519.PublicKey{public(one)}, oneFalse, false},
		{"no list", []ed25519.PublicKey{public(one)},
			object.CommitMetadata(map[string][]byte{signaturesKey: object.StringVariant("x")}), false},
		{"short signature", []ed25519.PublicKey{public(one)}, object.CommitMetadata(map[string][]byte{
			signaturesKey: gvariant.Variant(short, gvariant.Array(short, []byte("short")))}), false},
		{"no dictionary", []ed25519.PublicKey{public(one)}, []byte("garbage"), false},
		{"broken key", []ed25519.PublicKey{{1}}, signed(commit, one), false},
	} {
		err := verifySignature(tc.keys, commit, tc.detached)
		if tc.ok {
			require.NoError(t, err, tc.name)
			continue
		}
		require.ErrorIs(t, err, ErrSignature, tc.name)
	}
}

// sign puts detached metadata beside the commit of an archive, as publishers do.
func (a archive) sign(t *testing.T, keys ...ed25519.PrivateKey) {
	t.Helper()
	file := filepath.Join(a.path, objectPath(object.Name{Type: object.TypeCommit, Checksum: a.commit}))
	commit, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(strings.TrimSuffix(file, "commit")+"commitmeta", signed(commit, keys...), 0o644))
}

// TestPullVerifiesSignatures asks for nothing of a commit that nobody trusted
// has signed, over HTTP and from a repository alike.
func TestPullVerifiesSignatures(t *testing.T) {
	a := newArchive(t, tree{dirs: 2, filesPerDir: 2}, false)
	var mu sync.Mutex
	var asked []string
	url := serve(t, a.path, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			asked = append(asked, filepath.Ext(r.URL.Path))
			mu.Unlock()
			h.ServeHTTP(w, r)
		})
	}).URL
	trusted := newKey(1)
	o := options(a.commit, url)
	o.Keys = []ed25519.PublicKey{public(trusted)}
	src, err := repo.Open(a.path)
	require.NoError(t, err)
	t.Cleanup(func() { src.Close() })
	local := LocalOptions{Commit: a.commit, Ref: "main", Keys: o.Keys}

	for _, keys := range [][]ed25519.PrivateKey{nil, {newKey(2)}} {
		if keys != nil {
			a.sign(t, keys...)
		}
		r, _ := newRepo(t, repo.BareUser)
		asked = nil
		_, err := Pull(context.Background(), r, o)
		require.ErrorIs(t, err, ErrSignature)
		require.ErrorContains(t, err, a.commit.String())
		require.Equal(t, []string{"", ".commit", ".commitmeta"}, asked)
		_, err = Local(context.Background(), r, src, local)
		require.ErrorIs(t, err, ErrSignature)
		have, err := r.Has(object.Name{Type: object.TypeCommit, Checksum: a.commit})
		require.NoError(t, err)
		require.False(t, have)

		// A commit that came before anybody asked is looked at, too.
		plain := options(a.commit, url)
		_, err = Pull(context.Background(), r, plain)
		require.NoError(t, err)
		_, err = Pull(context.Background(), r, o)
		require.ErrorIs(t, err, ErrSignature)
	}

	a.sign(t, newKey(2), trusted)
	r, path := newRepo(t, repo.BareUser)
	_, err = Pull(context.Background(), r, o)
	require.NoError(t, err)
	requireSame(t, a, path)
	asked = nil
	_, err = Pull(context.Background(), r, o)
	require.NoError(t, err)
	require.Empty(t, asked, "the signature is kept with the commit")
	r, path = newRepo(t, repo.BareUser)
	_, err = Local(context.Background(), r, src, local)
	require.NoError(t, err)
	requireSame(t, a, path)
}

// TestPullBringsDetachedMetadata reads with the real ostree what the real ostree
// wrote and a pull brought.
func TestPullBringsDetachedMetadata(t *testing.T) {
	t.Setenv("OSTREE_DUMMY_SIGN_ENABLED", "1")
	a := newArchive(t, tree{dirs: 1, filesPerDir: 1}, false, "--add-detached-metadata-string=note=hello")
	ostree(t, "--repo="+a.path, "sign", "--sign-type=dummy", a.commit.String(), "somebody")
	show := func(path string) []string {
		return []string{
			ostree(t, "--repo="+path, "show", "--print-detached-metadata-key=note", a.commit.String()),
			ostree(t, "--repo="+path, "show", "--print-detached-metadata-key=ostree.sign.dummy", a.commit.String()),
		}
	}
	r, path := newRepo(t, repo.BareUser)
	_, err := Pull(context.Background(), r, options(a.commit, serve(t, a.path, nil).URL))
	require.NoError(t, err)
	require.Equal(t, show(a.path), show(path))
	ostree(t, "--repo="+path, "sign", "--verify", "--sign-type=dummy", a.commit.String(), "somebody")

	src, err := repo.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { src.Close() })
	r, path = newRepo(t, repo.Archive)
	_, err = Local(context.Background(), r, src, LocalOptions{Commit: a.commit})
	require.NoError(t, err)
	require.Equal(t, show(a.path), show(path))
}
