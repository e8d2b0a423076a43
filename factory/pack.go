//go:build factory

package factory

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// compressor wraps a writer; closing it does not close what it wraps.
type compressor func(io.Writer) (io.WriteCloser, error)

// archiveFormat tells from a name how an archive is compressed; nil if it is not the name of an archive.
func archiveFormat(name string) compressor {
	for suffix, c := range map[string]compressor{
		".tar":     func(w io.Writer) (io.WriteCloser, error) { return plainWriter{w}, nil },
		".tar.gz":  func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil },
		".tgz":     func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil },
		".tar.zst": func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) },
	} {
		if strings.HasSuffix(name, suffix) {
			return c
		}
	}
	return nil
}

type plainWriter struct{ io.Writer }

func (plainWriter) Close() error { return nil }

// pack writes the named parts of a tree into an archive, in this order. The same tree makes the same archive: owners and
// times are left out.
func pack(archive, tree string, format compressor, parts ...string) (err error) {
	f, err := os.Create(archive)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	z, err := format(f)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, z.Close()) }()
	w := tar.NewWriter(z)
	for _, part := range parts {
		if err := packPart(w, tree, part); err != nil {
			return err
		}
	}
	return w.Close()
}

func packPart(w *tar.Writer, tree, part string) error {
	root := os.DirFS(tree)
	return fs.WalkDir(root, part, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if filepath.Base(name) == ".lock" {
			return nil // of the repository: an empty file that each program makes for itself
		}
		header := &tar.Header{Name: name, ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
		if d.IsDir() {
			header.Typeflag, header.Name, header.Mode = tar.TypeDir, name+"/", 0o755
			return w.WriteHeader(header)
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		header.Typeflag, header.Mode, header.Size = tar.TypeReg, 0o644, info.Size()
		if err := w.WriteHeader(header); err != nil {
			return err
		}
		f, err := root.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(w, f)
		return err
	})
}
