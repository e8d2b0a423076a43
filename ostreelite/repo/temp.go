package repo

import (
	"os"

	"golang.org/x/sys/unix"
)

// Temp gives a file without a name on the repository's filesystem, for what has
// to be looked at before it can become objects. It is gone when it is closed.
func (t *Txn) Temp() (*os.File, error) {
	f, err := newTmpfile(t.stage.dir)
	if err != nil {
		return nil, t.failed(err)
	}
	if f.name != "" {
		err = unix.Unlinkat(f.dirfd, f.name, 0)
	}
	if err != nil {
		f.discard()
		return nil, err
	}
	return os.NewFile(uintptr(f.fd), "temporary file"), nil
}
