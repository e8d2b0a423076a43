package repo

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
)

// filez is a content object as an archive repository has it.
func filez(t *testing.T, h *object.FileHeader, size int64, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	out.Write(h.MarshalArchive(size))
	if h.IsSymlink() {
		return out.Bytes()
	}
	z, err := flate.NewWriter(&out, 6)
	require.NoError(t, err)
	_, err = z.Write(data)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return out.Bytes()
}

// endless is a stream of empty stored blocks.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	n := copy(p, bytes.Repeat([]byte{0, 0, 0, 0xff, 0xff}, len(p)/5+1))
	return n - n%5, nil
}

func TestWriteArchivedIsStrict(t *testing.T) {
	r := newRepo(t, BareUserOnly)
	x := begin(t, r)
	defer x.Abort()
	// Larger than what is inflated at a time.
	data := bytes.Repeat([]byte("some data, "), 20000)
	size := int64(len(data))
	h := &object.FileHeader{Mode: object.ModeRegular | 0o644}
	link := &object.FileHeader{Mode: object.ModeSymlink | 0o777, Target: "there"}
	good := filez(t, h, size, data)
	sum := sumOf(h, data)
	broken := errors.New("cable cut")
	for name, tt := range map[string]struct {
		c    object.Checksum
		in   io.Reader
		want error
	}{
		"truncated":         {sum, bytes.NewReader(good[:len(good)-3]), ErrCorrupt},
		"truncated header":  {sum, bytes.NewReader(good[:20]), ErrCorrupt},
		"garbage behind":    {sum, io.MultiReader(bytes.NewReader(good), strings.NewReader("x")), ErrCorrupt},
		"too much":          {sum, bytes.NewReader(filez(t, h, size-1, data)), ErrCorrupt},
		"too little":        {sum, bytes.NewReader(filez(t, h, size+1, data)), ErrCorrupt},
		"other data":        {sum, bytes.NewReader(filez(t, h, size, bytes.ToUpper(data))), ErrCorrupt},
		"no deflate data":   {sum, bytes.NewReader(append(h.MarshalArchive(size), 7)), ErrCorrupt},
		"endless":           {sum, io.MultiReader(bytes.NewReader(h.MarshalArchive(size)), endless{}), ErrCorrupt},
		"source fails":      {sum, io.MultiReader(bytes.NewReader(good[:50]), iotest.ErrReader(broken)), broken},
		"source fails late": {sum, io.MultiReader(bytes.NewReader(good), iotest.ErrReader(broken)), broken},
		"link with data":    {sumOf(link, nil), bytes.NewReader(append(filez(t, link, 0, nil), 3, 0)), ErrCorrupt},
	} {
		_, err := x.WriteArchived(tt.c, tt.in)
		require.ErrorIs(t, err, tt.want, name)
		if tt.want == broken {
			require.NotErrorIs(t, err, ErrCorrupt, name)
		}
		ok, err := x.Has(object.Name{Type: object.TypeFile, Checksum: tt.c})
		require.NoError(t, err)
		require.False(t, ok, name)
	}
	n, err := x.WriteArchived(sum, iotest.HalfReader(bytes.NewReader(good)))
	require.NoError(t, err)
	require.Equal(t, size, n)
	_, err = x.WriteArchived(sumOf(link, nil), bytes.NewReader(filez(t, link, 0, nil)))
	require.NoError(t, err)
	require.NoError(t, x.Commit())
	require.NoError(t, r.Verify(fileName(sum)))
	require.NoError(t, r.Verify(fileName(sumOf(link, nil))))
}

func sumOf(h *object.FileHeader, data []byte) object.Checksum {
	s := object.NewHasher()
	s.Reset(h)
	s.Write(data)
	return s.Sum()
}
