//go:build factory

package rootfs

import (
	"errors"
	"os"
	"path"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// writer puts entries into a tree. After the first error it does nothing, so
// that the parts of a tree can be written down as plain lists.
type writer struct {
	root      *os.Root
	canonical bool
	dirs      map[string]os.FileMode // modes set last: a directory may forbid writing
	err       error
}

// dir makes a directory and those above it.
func (w *writer) dir(name string, mode os.FileMode) {
	w.do(w.mkdir(name))
	if w.dirs == nil {
		w.dirs = map[string]os.FileMode{}
	}
	if w.canonical {
		mode = mode&0o755 | 0o700
	}
	w.dirs[name] = mode
}

func (w *writer) mkdir(name string) error {
	if w.err != nil {
		return nil
	}
	return w.root.MkdirAll(filepath.FromSlash(name), 0o755)
}

func (w *writer) text(name string, mode os.FileMode, text string) {
	w.file(name, mode, []byte(text))
}

func (w *writer) file(name string, mode os.FileMode, data []byte) {
	w.do(w.mkdir(path.Dir(name)))
	if w.err != nil {
		return
	}
	if w.canonical {
		// What ostree commit --canonical-permissions leaves of a mode.
		mode = mode&0o755 | 0o644
	}
	w.do(w.root.WriteFile(name, data, 0o600))
	w.do(w.chmod(name, mode))
}

func (w *writer) chmod(name string, mode os.FileMode) error {
	if w.err != nil {
		return nil
	}
	return w.root.Chmod(name, mode)
}

func (w *writer) symlink(name, target string) {
	w.do(w.mkdir(path.Dir(name)))
	if w.err == nil {
		w.do(w.root.Symlink(target, name))
	}
}

func (w *writer) link(old, name string) {
	if w.err == nil {
		w.do(w.root.Link(old, name))
	}
}

// xattr sets an attribute where the file system and a bare-user-only
// repository allow it.
func (w *writer) xattr(name, attr string, value []byte) {
	if w.err != nil || w.canonical {
		return
	}
	f, err := w.root.Open(name)
	if err != nil {
		w.do(err)
		return
	}
	defer f.Close()
	if err := unix.Fsetxattr(int(f.Fd()), attr, value, 0); !errors.Is(err, unix.ENOTSUP) {
		w.do(err)
	}
}

func (w *writer) finish() error {
	for name, mode := range w.dirs {
		w.do(w.chmod(name, mode))
	}
	return w.err
}

func (w *writer) do(err error) {
	if w.err == nil {
		w.err = err
	}
}
