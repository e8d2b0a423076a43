package repo

import (
	"fmt"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// Detached metadata ("a{sv}") goes with a commit without being part of its
// checksum: signatures, for the most part. It is in CHECKSUM.commitmeta beside
// the commit (libostree's ostree_repo_write_commit_detached_metadata).

const detachedExt = "commitmeta"

// Detached is the detached metadata of a commit, which only its signatures can
// vouch for. Having none is an ErrNotFound, other bytes than an "a{sv}" are an
// ErrCorrupt.
func (r *Repo) Detached(c object.Checksum) ([]byte, error) {
	data, err := readFileAt(r.objects, loosePathExt(c, detachedExt), object.MaxMetadataSize)
	if err == nil {
		if err = object.ValidateMetadata(data); err != nil {
			err = fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("detached metadata: %w", objectError(object.Name{Type: object.TypeCommit, Checksum: c}, err))
	}
	return data, nil
}

// WriteDetached gives a commit detached metadata, in place of what it has. Bytes
// other than an "a{sv}" are an ErrCorrupt. It becomes visible and durable with
// the objects of the transaction.
func (t *Txn) WriteDetached(c object.Checksum, data []byte) error {
	if err := object.ValidateMetadata(data); err != nil {
		return fmt.Errorf("%w: detached metadata of %s: %w", ErrCorrupt, c, err)
	}
	if err := t.writeDetached(c, data); err != nil {
		return fmt.Errorf("write detached metadata of %s: %w", c, t.failed(err))
	}
	return t.wrote(int64(len(data)))
}

func (t *Txn) writeDetached(c object.Checksum, data []byte) error {
	path := loosePathExt(c, detachedExt)
	t.publishing.RLock()
	defer t.publishing.RUnlock()
	if err := t.stagedDir(path, c[0]); err != nil {
		return err
	}
	return replaceFile(t.stage.dir, path, data, 0o644, false)
}
