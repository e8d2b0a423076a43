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
	made      map[string]bool
	modes     map[string]os.FileMode // of directories; set last, since they may forbid writing
	err       error
}

func newWriter(root *os.Root, canonical bool) *writer {
	return &writer{root: root, canonical: canonical, made: map[string]bool{}, modes: map[string]os.FileMode{}}
}

// dir makes a directory and those above it.
func (w *writer) dir(name string, mode os.FileMode) {
	w.mkdir(name)
	if w.canonical {
		mode = mode&0o755 | 0o700
	}
	w.modes[name] = mode
}

// mkdir makes a directory unless this writer has made it before.
func (w *writer) mkdir(name string) {
	if w.err == nil && !w.made[name] {
		w.do(w.root.MkdirAll(filepath.FromSlash(name), 0o755))
		w.made[name] = true
	}
}

func (w *writer) text(name string, mode os.FileMode, text string) {
	w.file(name, mode, []byte(text))
}

func (w *writer) file(name string, mode os.FileMode, data []byte) {
	w.mkdir(path.Dir(name))
	if w.err != nil {
		return
	}
	if w.canonical {
		// What ostree commit --canonical-permissions leaves of a mode.
		mode = mode&0o755 | 0o644
	}
	f, err := w.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		w.do(err)
		return
	}
	_, err = f.Write(data)
	w.do(errors.Join(err, f.Chmod(mode), f.Close()))
}

func (w *writer) symlink(name, target string) {
	w.mkdir(path.Dir(name))
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
	for name, mode := range w.modes {
		if w.err == nil {
			w.do(w.root.Chmod(name, mode))
		}
	}
	return w.err
}

func (w *writer) do(err error) {
	if w.err == nil {
		w.err = err
	}
}
