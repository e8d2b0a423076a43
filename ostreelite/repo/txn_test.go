package repo

import (
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// sample is a content object any mode can hold, for any user: its owner is who
// runs the tests, or 0 where only that can be.
func sample(mode Mode, data string) (object.Checksum, *object.FileHeader) {
	h := &object.FileHeader{Mode: object.ModeRegular | 0o644}
	if mode == Bare {
		h.UID, h.GID = uint32(os.Geteuid()), uint32(os.Getegid())
	}
	s := object.NewHasher()
	s.Reset(h)
	s.Write([]byte(data))
	return s.Sum(), h
}

func begin(t *testing.T, r *Repo) *Txn {
	t.Helper()
	x, err := r.Begin(context.Background())
	require.NoError(t, err)
	t.Cleanup(func() { x.Abort() })
	return x
}

func fileName(c object.Checksum) object.Name { return object.Name{Type: object.TypeFile, Checksum: c} }

// filesUnder lists the files under a directory of a repository.
func filesUnder(t *testing.T, r *Repo, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.Walk(filepath.Join(r.Path(), dir), func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			files = append(files, strings.TrimPrefix(path, r.Path()+"/"))
		}
		return err
	})
	require.NoError(t, err)
	return files
}

func TestWriteFile(t *testing.T) {
	for _, mode := range allModes {
		t.Run(mode.String(), func(t *testing.T) {
			r := newRepo(t, mode)
			x := begin(t, r)
			data := strings.Repeat("data", 50000)
			c, h := sample(mode, data)
			require.NoError(t, x.WriteFile(c, h, int64(len(data)), strings.NewReader(data)))
			ok, err := x.Has(fileName(c))
			require.NoError(t, err)
			require.True(t, ok, "staged objects are there for the transaction")
			ok, err = r.Has(fileName(c))
			require.NoError(t, err)
			require.False(t, ok, "but not for others")
			require.NoError(t, x.Commit())
			require.Empty(t, filesUnder(t, r, "tmp"))

			got, f, err := r.OpenFile(c)
			require.NoError(t, err)
			defer f.Close()
			require.Equal(t, h, got)
			read, err := io.ReadAll(f)
			require.NoError(t, err)
			require.Equal(t, data, string(read))
			require.NoError(t, r.Verify(fileName(c)))
		})
	}
}

func TestWriteRefusesWhatDoesNotMatch(t *testing.T) {
	broken := errors.New("broken pipe")
	for _, mode := range allModes {
		c, h := sample(mode, "data")
		other := *h
		other.Mode |= 0o100
		meta := (&object.DirMeta{Mode: object.ModeDir | 0o755}).Marshal()
		cases := map[string]struct {
			write func(x *Txn) error
			is    error
		}{
			"other data":   {func(x *Txn) error { return x.WriteFile(c, h, 4, strings.NewReader("Data")) }, ErrCorrupt},
			"other header": {func(x *Txn) error { return x.WriteFile(c, &other, 4, strings.NewReader("data")) }, ErrCorrupt},
			"short data":   {func(x *Txn) error { return x.WriteFile(c, h, 4, strings.NewReader("dat")) }, ErrCorrupt},
			"long data":    {func(x *Txn) error { return x.WriteFile(c, h, 4, strings.NewReader("data+")) }, ErrCorrupt},
			"wrong size":   {func(x *Txn) error { return x.WriteFile(c, h, 3, strings.NewReader("data")) }, ErrCorrupt},
			"a device": {func(x *Txn) error {
				return x.WriteFile(c, &object.FileHeader{Mode: 0o060644}, 4, strings.NewReader("data"))
			}, ErrCorrupt},
			"reader fails": {func(x *Txn) error { return x.WriteFile(c, h, 4, iotest.ErrReader(broken)) }, broken},
			"other metadata": {func(x *Txn) error {
				return x.WriteMetadata(object.Name{Type: object.TypeDirMeta, Checksum: c}, meta)
			}, ErrCorrupt},
			"another type": {func(x *Txn) error {
				return x.WriteMetadata(object.Name{Type: object.TypeDirTree, Checksum: object.Sum(meta)}, meta)
			}, ErrCorrupt},
		}
		for name, tc := range cases {
			t.Run(mode.String()+"/"+name, func(t *testing.T) {
				r := newRepo(t, mode)
				x := begin(t, r)
				require.ErrorIs(t, tc.write(x), tc.is)
				require.NoError(t, x.Commit())
				require.Empty(t, filesUnder(t, r, "objects"))
				require.Empty(t, filesUnder(t, r, "tmp"))
			})
		}
	}
}

func TestBareUserOnlyRefusesWhatItCannotHold(t *testing.T) {
	r := newRepo(t, BareUserOnly)
	x := begin(t, r)
	for _, h := range []*object.FileHeader{
		{Mode: object.ModeRegular | 0o4755},
		{Mode: object.ModeRegular | 0o644, UID: 1},
		{Mode: object.ModeRegular | 0o644, Xattrs: []object.Xattr{{Name: []byte("user.a"), Value: []byte("b")}}},
	} {
		require.ErrorIs(t, x.WriteFile(object.Checksum{}, h, 0, strings.NewReader("")), ErrUnsupported)
	}
}

// archived is the .filez of an object.
func archived(t *testing.T, h *object.FileHeader, data string) []byte {
	t.Helper()
	b := bytes.NewBuffer(h.MarshalArchive(int64(len(data))))
	z, err := flate.NewWriter(b, 6)
	require.NoError(t, err)
	_, err = io.WriteString(z, data)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.Bytes()
}

func TestWriteArchived(t *testing.T) {
	broken := errors.New("connection reset")
	for _, mode := range allModes {
		t.Run(mode.String(), func(t *testing.T) {
			r := newRepo(t, mode)
			x := begin(t, r)
			data := strings.Repeat("some text, ", 10000)
			c, h := sample(mode, data)
			z := archived(t, h, data)
			for _, cut := range []int{0, 5, 12, 40, len(z) / 2, len(z) - 1} {
				_, err := x.WriteArchived(c, bytes.NewReader(z[:cut]))
				require.ErrorIs(t, err, ErrCorrupt, "cut after %d bytes", cut)
				_, err = x.WriteArchived(c, io.MultiReader(bytes.NewReader(z[:cut]), iotest.ErrReader(broken)))
				require.ErrorIs(t, err, broken)
				require.NotErrorIs(t, err, ErrCorrupt)
			}
			flipped := bytes.Clone(z)
			flipped[len(z)/2] ^= 1
			_, err := x.WriteArchived(c, bytes.NewReader(flipped))
			require.ErrorIs(t, err, ErrCorrupt)
			size, err := x.WriteArchived(c, bytes.NewReader(z))
			require.NoError(t, err)
			require.EqualValues(t, len(data), size)
			require.NoError(t, x.Commit())
			require.NoError(t, r.Verify(fileName(c)))
		})
	}
}

func TestCorruptObjectIsReplacedAndGoodOneStays(t *testing.T) {
	for _, mode := range allModes {
		t.Run(mode.String(), func(t *testing.T) {
			r := newRepo(t, mode)
			c, h := sample(mode, "data")
			write := func() {
				x := begin(t, r)
				require.NoError(t, x.WriteFile(c, h, 4, strings.NewReader("data")))
				require.NoError(t, x.Commit())
			}
			write()
			path := filepath.Join(r.Path(), "objects", loosePath(fileName(c), mode))
			first, err := os.Stat(path)
			require.NoError(t, err)
			write()
			again, err := os.Stat(path)
			require.NoError(t, err)
			require.True(t, os.SameFile(first, again), "a good object keeps its inode")

			require.NoError(t, os.Truncate(path, 2))
			require.ErrorIs(t, r.Verify(fileName(c)), ErrCorrupt)
			write()
			require.NoError(t, r.Verify(fileName(c)))
		})
	}
}

func TestTxnIsSafeForConcurrentUse(t *testing.T) {
	r := newRepo(t, BareUser)
	x := begin(t, r)
	var wg sync.WaitGroup
	errs := make(chan error, 1000)
	for worker := range 8 {
		wg.Go(func() {
			for i := range 40 {
				data := fmt.Sprintf("data %d", i+worker%2*20)
				c, h := sample(BareUser, data)
				errs <- x.WriteFile(c, h, int64(len(data)), strings.NewReader(data))
				if i%10 == 0 {
					errs <- x.Checkpoint()
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
	require.NoError(t, x.Commit())
	require.Len(t, filesUnder(t, r, "objects"), 60)
}

func TestAbortKeepsWhatIsStaged(t *testing.T) {
	r := newRepo(t, BareUser)
	x := begin(t, r)
	c, h := sample(BareUser, "data")
	require.NoError(t, x.WriteFile(c, h, 4, strings.NewReader("data")))
	require.NoError(t, x.Abort())
	require.Error(t, x.Commit())
	x = begin(t, r)
	ok, err := x.Has(fileName(c))
	require.NoError(t, err)
	require.True(t, ok)
	require.NoError(t, x.Commit())
	require.NoError(t, r.Verify(fileName(c)))
}

func TestStagingOfAnotherBootIsDropped(t *testing.T) {
	r := newRepo(t, BareUser)
	for _, dir := range []string{"staging-another-boot-abcdef", "staging-" + r.bootID + "-abcdef"} {
		require.NoError(t, os.MkdirAll(filepath.Join(r.Path(), "tmp", dir, "ab"), 0o755))
	}
	held, err := r.openStaging()
	require.NoError(t, err)
	x := begin(t, r)
	require.NotEqual(t, held.name, x.stage.name)
	require.NoDirExists(t, filepath.Join(r.Path(), "tmp/staging-another-boot-abcdef"))
	require.DirExists(t, filepath.Join(r.Path(), "tmp", held.name))
	require.NoError(t, x.Commit())
	require.DirExists(t, filepath.Join(r.Path(), "tmp", held.name))
	require.NoError(t, held.remove())
	require.Empty(t, filesUnder(t, r, "tmp"))
}

func TestReserveOfFreeSpace(t *testing.T) {
	r := newRepo(t, BareUser)
	k := r.Config().Keyfile
	k.Set("core", "min-free-space-size", "8000000TB")
	require.NoError(t, r.WriteConfig(k))
	require.ErrorIs(t, r.CheckFree(1), ErrNoSpace)
	x := begin(t, r)
	c, h := sample(BareUser, "data")
	require.ErrorIs(t, x.WriteFile(c, h, 4, strings.NewReader("data")), ErrNoSpace)
	meta := (&object.DirMeta{Mode: object.ModeDir | 0o755}).Marshal()
	require.NoError(t, x.WriteMetadata(object.Name{Type: object.TypeDirMeta, Checksum: object.Sum(meta)}, meta),
		"metadata is not held to the reserve")
	require.NoError(t, x.Abort())
	require.Empty(t, filesUnder(t, r, "tmp"), "what was staged gives its space back")
	k.Set("core", "min-free-space-size", "1MB")
	require.NoError(t, r.WriteConfig(k))
	require.NoError(t, r.CheckFree(1))
}
