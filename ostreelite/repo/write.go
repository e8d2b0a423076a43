package repo

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// WriteMetadata writes a commit, dirtree or dirmeta. Data without n's checksum,
// or that is no such object, is an ErrCorrupt and leaves nothing behind. An
// object that is there already stays if it is good, and is replaced if not.
func (t *Txn) WriteMetadata(n object.Name, data []byte) error {
	if object.Sum(data) != n.Checksum {
		return fmt.Errorf("%w: %s: the data has another checksum", ErrCorrupt, n)
	}
	if err := parseMetadata(n.Type, data); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrCorrupt, n, err)
	}
	if err := t.writeMetadata(n, data); err != nil {
		return fmt.Errorf("write %s: %w", n, t.failed(err))
	}
	return t.wrote(int64(len(data)))
}

func parseMetadata(typ object.Type, data []byte) (err error) {
	switch typ {
	case object.TypeCommit:
		_, err = object.ParseCommit(data)
	case object.TypeDirTree:
		_, err = object.ViewDirTree(data)
	case object.TypeDirMeta:
		_, err = object.ParseDirMeta(data)
	default:
		err = fmt.Errorf("%s is no metadata", typ)
	}
	return err
}

func (t *Txn) writeMetadata(n object.Name, data []byte) error {
	f, err := t.birth.file(t.stage.dir, 0o644)
	if err != nil {
		return err
	}
	defer f.discard()
	if err := writeAll(f.fd, data); err != nil {
		return err
	}
	if err := t.birth.chmod(&f, 0o644); err != nil {
		return err
	}
	return t.stageFile(&f, n)
}

// stageFile gives a finished file its name in the staging directory.
func (t *Txn) stageFile(f *tmpfile, n object.Name) error {
	if t.r.config.Fsync && t.r.config.PerObjectFsync {
		if err := unix.Fsync(f.fd); err != nil {
			return err
		}
	}
	path := loosePath(n, t.r.Mode())
	t.publishing.RLock()
	defer t.publishing.RUnlock()
	if err := t.stagedDir(path, n.Checksum[0]); err != nil {
		return err
	}
	err := f.link(t.stage.dir, path)
	if errors.Is(err, unix.EEXIST) {
		// Another goroutine, or an earlier run, has staged it.
		return nil
	}
	return err
}
