//go:build factory

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

// input is what all rows work on. It is made once and kept.
type input struct {
	dir string
	// Go is the version of the tree, Files and Bytes its size.
	Go    string
	Files int
	Bytes int64
	// Updates are commits of Go's own tree. Each differs from the one before in
	// changedFiles files.
	Updates []string
	// Systems are two commits of a bootable tree that holds the same files, and
	// differ as two Updates do.
	Systems []string
}

const changedFiles = 10

// The repositories in the directory of the input: what both sides pull from, and
// the first of the updates with a static delta from scratch.
const (
	archiveDir = "archive"
	deltaDir   = "deltas"
)

func (in *input) archive() string { return filepath.Join(in.dir, archiveDir) }

// prepare makes the input with a number of updates after the first commit, or
// finds that it is there.
func prepare(ctx context.Context, dir string, updates int) (*input, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOROOT", "GOVERSION").Output()
	if err != nil {
		return nil, err
	}
	goroot, version, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	in := &input{dir: filepath.Join(dir, "input"), Go: version}
	record := filepath.Join(in.dir, "input.json")
	if data, err := os.ReadFile(record); err == nil {
		old := &input{dir: in.dir}
		if json.Unmarshal(data, old) == nil && old.Go == version && len(old.Updates) > updates {
			return old, old.buildDelta(ctx)
		}
	}
	if err := os.RemoveAll(in.dir); err != nil {
		return nil, err
	}
	if err := in.build(ctx, goroot, updates); err != nil {
		return nil, err
	}
	data, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(record, data, 0o644); err != nil {
		return nil, err
	}
	return in, in.buildDelta(ctx)
}

// buildDelta makes the repository with a static delta, unless it is there.
func (in *input) buildDelta(ctx context.Context) error {
	dir := filepath.Join(in.dir, deltaDir)
	// The summary lists the delta, and so comes last.
	if _, err := os.Stat(filepath.Join(dir, "summary")); err == nil {
		return nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	fmt.Println("making a static delta, once, which takes a minute or more")
	repo, c := "--repo="+dir, in.Updates[0]
	for _, args := range [][]string{
		{"init", repo, "--mode=archive"},
		{"pull-local", repo, in.archive(), c},
		{"refs", repo, "--create=main", c},
		{"static-delta", "generate", repo, "--empty", "--to=" + c},
		{"summary", repo, "--update"},
	} {
		if err := ostree(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

func (in *input) build(ctx context.Context, goroot string, updates int) error {
	system := filepath.Join(in.dir, "system")
	tree := filepath.Join(system, "usr/lib/go")
	if err := os.MkdirAll(filepath.Dir(tree), 0o755); err != nil {
		return err
	}
	if err := os.CopyFS(tree, os.DirFS(goroot)); err != nil {
		return err
	}
	var files []string
	err := filepath.WalkDir(tree, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			files, in.Bytes = append(files, path), in.Bytes+info.Size()
		}
		return err
	})
	if err != nil {
		return err
	}
	in.Files = len(files)
	if err := systemFiles(system); err != nil {
		return err
	}
	r, err := repo.Create(in.archive(), repo.Archive)
	if err != nil {
		return err
	}
	defer r.Close()
	for i := range updates + 1 {
		if i > 0 {
			// Files all over the tree, others each time.
			for j := range changedFiles {
				if err := touch(files[(j*len(files)/changedFiles+i)%len(files)], i); err != nil {
					return err
				}
			}
		}
		c, err := commit(ctx, r, tree, i)
		if err != nil {
			return err
		}
		in.Updates = append(in.Updates, c)
		if i < 2 {
			if c, err = commit(ctx, r, system, i); err != nil {
				return err
			}
			in.Systems = append(in.Systems, c)
		}
	}
	return os.RemoveAll(system)
}

func commit(ctx context.Context, r *repo.Repo, dir string, i int) (string, error) {
	c, err := r.CommitTree(ctx, repo.CommitOptions{
		Dir: dir, Ref: fmt.Sprintf("bench/%s/%d", filepath.Base(dir), i),
		Timestamp: time.Unix(1700000000+int64(i), 0),
		Owner:     &repo.Owner{}, SkipXattrs: true,
		Modify: func(_ string, h *object.FileHeader) bool {
			// Go's own files may be read-only or not as they were installed.
			h.Mode |= 0o200
			return true
		},
	})
	return c.String(), err
}

// touch changes a file's content.
func touch(path string, i int) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "\n// update %d\n", i)
	return errors.Join(err, f.Close())
}

// etcFiles is about as many as a small distribution has.
const etcFiles = 200

// systemFiles adds what makes a tree bootable: a kernel and an /etc.
func systemFiles(root string) error {
	files := map[string][]byte{
		"usr/lib/modules/6.6.0/vmlinuz":       bytes.Repeat([]byte("vmlinuz "), 1<<20),
		"usr/lib/modules/6.6.0/initramfs.img": bytes.Repeat([]byte("initrd  "), 1<<20),
		"usr/lib/os-release":                  []byte("ID=bench\nPRETTY_NAME=\"bench\"\n"),
	}
	for i := range etcFiles {
		name := fmt.Sprintf("usr/etc/part%d/file%d.conf", i%20, i)
		files[name] = fmt.Appendf(nil, "# settings, number %d\n", i)
	}
	for name, data := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
	}
	for _, dir := range []string{"boot", "dev", "proc", "run", "sys", "sysroot", "tmp", "var"} {
		if err := os.Mkdir(filepath.Join(root, dir), 0o755); err != nil {
			return err
		}
	}
	return os.Symlink("sysroot/ostree", filepath.Join(root, "ostree"))
}
