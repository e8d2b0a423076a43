package delta

import (
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"os"

	"github.com/sotabox/sotabox/ostreelite/delta/xz"
	"github.com/sotabox/sotabox/ostreelite/object"
)

// spaceInterval is how much is spooled before free space is looked at again, in bytes.
const spaceInterval = 8 << 20

// spool is a file without a name that holds what has to be verified as a whole
// before it can be used.
type spool struct {
	*os.File
	// space reports whether there is still more than the repository's reserve.
	space func() error
	asked int64 // up to this size
}

// reset empties the file.
func (s *spool) reset() error {
	s.asked = 0
	return s.Truncate(0)
}

func (s *spool) WriteAt(p []byte, off int64) (int, error) {
	if end := off + int64(len(p)); end > s.asked {
		if err := s.space(); err != nil {
			// Objects may fit where the spool does not.
			return 0, malformed("no room to unpack it: " + err.Error())
		}
		s.asked = end + spaceInterval
	}
	return s.File.WriteAt(p, off)
}

// fill puts all of r, but no more than limit bytes, into the file.
func (s *spool) fill(r io.Reader, limit int64, decoder unpacker) (view, error) {
	if err := s.reset(); err != nil {
		return view{}, err
	}
	n, err := decoder(s, limit, r)
	if errors.Is(err, xz.ErrCorrupt) || errors.Is(err, xz.ErrTooLarge) || errors.Is(err, xz.ErrUnsupported) {
		err = bad(err)
	}
	return newView(s.File, n), err
}

// unpacker writes what r holds to a file, at most limit bytes, and gives the size.
type unpacker func(file xz.File, limit int64, r io.Reader) (int64, error)

// plain is the unpacker of what is not packed.
func plain(file xz.File, limit int64, r io.Reader) (int64, error) {
	n, err := io.Copy(io.NewOffsetWriter(file, 0), io.LimitReader(r, limit+1))
	if err == nil && n > limit {
		err = malformed("unpacks to too much")
	}
	return n, err
}

// fetched hashes what passes, and refuses more than a number of bytes.
type fetched struct {
	r    io.Reader
	left int64
	hash hash.Hash
}

func newFetched(r io.Reader, limit int64) *fetched { return &fetched{r, limit, sha256.New()} }

func (f *fetched) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	f.hash.Write(p[:n])
	if f.left -= int64(n); f.left < 0 {
		return 0, malformed("larger than declared")
	}
	return n, err
}

// sum is the checksum of everything, which it reads to the end.
func (f *fetched) sum() (object.Checksum, error) {
	var rest [4 << 10]byte
	for {
		_, err := f.Read(rest[:])
		if err == io.EOF {
			return object.Checksum(f.hash.Sum(nil)), nil
		}
		if err != nil {
			return object.Checksum{}, err
		}
	}
}
