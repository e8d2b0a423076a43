package bundle

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// maxWindow is how far back a zstd frame may refer, in bytes, which is memory that
// unpacking takes. It is what RFC 8878, section 3.1.1.1.2, asks every decoder to
// take; zstd needs no more up to level 19.
const maxWindow = 8 << 20

// readAhead is the size of the buffer in front of an archive.
const readAhead = 128 << 10

// unpack reads a tar archive from r, whatever it is packed with.
func unpack(r *source) (io.Reader, func(), error) {
	buf := bufio.NewReaderSize(r, readAhead)
	// A file that is shorter is no archive, which reading it will tell.
	magic, _ := buf.Peek(6)
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(buf)
		return z, func() {}, err
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(buf, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, nil, err
		}
		return windowed{z}, z.Close, nil
	case bytes.HasPrefix(magic, []byte("\xfd7zXZ\x00")), bytes.HasPrefix(magic, []byte("BZh")):
		return nil, nil, fmt.Errorf("%w: it is packed with xz or bzip2; pack it with zstd or gzip", ErrMalformed)
	}
	if file, ok := r.r.(io.Seeker); ok {
		return &skipper{buf, r, file}, func() {}, nil
	}
	return buf, func() {}, nil
}

// skipper lets package tar skip what is not read, rather than read it: it seeks
// where it can.
type skipper struct {
	*bufio.Reader
	src  *source
	file io.Seeker
}

// Seek implements io.Seeker for forward moves from where it is, the only ones
// that package tar makes.
func (s *skipper) Seek(offset int64, whence int) (int64, error) {
	ahead := int64(s.Buffered())
	if whence != io.SeekCurrent || offset < 0 {
		return 0, errors.ErrUnsupported
	}
	if offset <= ahead {
		_, err := s.Discard(int(offset))
		if err != nil {
			return 0, err
		}
		at, err := s.file.Seek(0, io.SeekCurrent)
		return at - ahead + offset, err
	}
	at, err := s.file.Seek(offset-ahead, io.SeekCurrent)
	s.Reset(s.src)
	return at, err
}

// windowed says what to do about a window that is too large.
type windowed struct{ r io.Reader }

func (w windowed) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if errors.Is(err, zstd.ErrWindowSizeExceeded) {
		err = fmt.Errorf("%w: pack it with zstd -19 or less, without --ultra or --long", err)
	}
	return n, err
}
