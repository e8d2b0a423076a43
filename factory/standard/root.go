//go:build factory

package standard

import (
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	tufspec "github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/sotabox/sotabox/factory/metadata"
)

// RootVersion is the version of the newest root.
func (r *Repository) RootVersion() (int64, error) {
	root, err := r.root()
	if err != nil {
		return 0, err
	}
	return root.Signed.Version, nil
}

// ChangeRoot publishes the next version of root, signed by the old and the new
// root keys alike, and signs the other documents again where their keys
// changed. A changelog has no place in standard metadata and is ignored.
func (r *Repository) ChangeRoot(change metadata.RootChange) error {
	old, err := r.root()
	if err != nil {
		return err
	}
	next, err := r.root()
	if err != nil {
		return err
	}
	for role, c := range change.Roles {
		if err := r.replaceKeys(next, role, c); err != nil {
			return err
		}
	}
	next.Signed.Version++
	next.Signed.Expires = r.expiry(change.Expires)
	if err := r.writeRoot(old, next); err != nil {
		return err
	}
	for _, role := range []metadata.Role{metadata.Targets, metadata.Snapshot, metadata.Timestamp} {
		if _, ok := change.Roles[role]; ok {
			return r.SetExpiry(role, time.Time{})
		}
	}
	return nil
}

// root reads the newest root: the end of the chain.
func (r *Repository) root() (*tufspec.Metadata[tufspec.RootType], error) {
	for version := int64(1); ; version++ {
		_, err := os.Stat(r.path(rootFile(version + 1)))
		if errors.Is(err, fs.ErrNotExist) {
			return tufspec.Root().FromFile(r.path(rootFile(version)))
		}
		if err != nil {
			return nil, err
		}
	}
}

func rootFile(version int64) string { return fmt.Sprintf("%d.root.json", version) }

func (r *Repository) replaceKeys(root *tufspec.Metadata[tufspec.RootType], role metadata.Role, c metadata.RoleChange) error {
	if c.Keys < 1 || c.Threshold < 1 || c.Threshold > c.Keys {
		return fmt.Errorf("%s: a threshold of %d cannot be met by %d keys", role, c.Threshold, c.Keys)
	}
	for _, id := range slices.Clone(root.Signed.Roles[string(role)].KeyIDs) {
		if err := root.Signed.RevokeKey(id, string(role)); err != nil {
			return err
		}
	}
	for range c.Keys {
		key, err := r.ring.Generate(string(role), c.Type)
		if err != nil {
			return err
		}
		public, err := tufspec.KeyFromPublicKey(key.Signer().Public())
		if err != nil {
			return err
		}
		if err := root.Signed.AddKey(public, string(role)); err != nil {
			return err
		}
	}
	root.Signed.Roles[string(role)].Threshold = c.Threshold
	return nil
}

// writeRoot signs next with the root keys of both.
func (r *Repository) writeRoot(old, next *tufspec.Metadata[tufspec.RootType]) error {
	ids := slices.Concat(old.Signed.Roles["root"].KeyIDs, next.Signed.Roles["root"].KeyIDs)
	slices.Sort(ids)
	if err := sign(r, slices.Compact(ids), next); err != nil {
		return fmt.Errorf("sign root: %w", err)
	}
	return next.ToFile(r.path(rootFile(next.Signed.Version)), true)
}

// write signs a document with the keys the current root names for its role.
func write[T tufspec.Roles](r *Repository, role metadata.Role, document *tufspec.Metadata[T]) error {
	root, err := r.root()
	if err != nil {
		return err
	}
	if err := sign(r, root.Signed.Roles[string(role)].KeyIDs, document); err != nil {
		return fmt.Errorf("sign %s: %w", role, err)
	}
	return document.ToFile(r.path(string(role)+".json"), true)
}

func sign[T tufspec.Roles](r *Repository, ids []string, document *tufspec.Metadata[T]) error {
	document.ClearSignatures()
	for _, id := range ids {
		signer, err := r.signer(id)
		if err != nil {
			return err
		}
		if _, err := document.Sign(signer); err != nil {
			return err
		}
	}
	return nil
}

// signer finds the private half of a key by the ID that go-tuf gives it.
func (r *Repository) signer(id string) (signature.Signer, error) {
	for _, key := range r.ring.All() {
		public, err := tufspec.KeyFromPublicKey(key.Signer().Public())
		if err != nil {
			return nil, err
		}
		if publicID, err := public.ID(); err != nil || publicID != id {
			continue
		}
		if private, ok := key.Signer().(*rsa.PrivateKey); ok {
			return signature.LoadRSAPSSSigner(private, crypto.SHA256, nil)
		}
		return signature.LoadSigner(key.Signer(), crypto.Hash(0))
	}
	return nil, fmt.Errorf("%w: key %s is not in %s", metadata.ErrNoKey, id, r.ring.Dir())
}
