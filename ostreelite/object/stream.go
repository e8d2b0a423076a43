package object

import (
	"encoding/binary"
	"errors"
	"io"
	"math"

	"github.com/sotabox/sotabox/ostreelite/object/gvariant"
)

// A content stream begins with its header: the header's length (32 bits, big
// endian), zero bytes up to a multiple of 8, the header. Data follows.
// (libostree ostree-core-private.h, "File objects are stored as a stream".)
const framePrefix = 8

// MarshalStream serialises the header as it begins a content stream, which is
// what the checksum of a content object is made of.
func (h *FileHeader) MarshalStream() []byte { return frame(h.Marshal()) }

// MarshalArchive serialises the header as it begins an archive repository's
// .filez; size is that of the inflated data. Raw deflate data follows for a
// regular file, nothing for a symbolic link.
func (h *FileHeader) MarshalArchive(size int64) []byte {
	return frame(gvariant.Tuple(archiveHeaderType, be64(uint64(size)), be32(h.UID), be32(h.GID),
		be32(h.Mode), be32(0), gvariant.String(h.Target), marshalXattrs(h.Xattrs)))
}

// ReadStreamHeader reads a header off the beginning of a content stream.
// The error is an ErrMalformed, or r's.
func ReadStreamHeader(r io.Reader) (*FileHeader, error) {
	data, err := readFrame(r)
	if err != nil {
		return nil, err
	}
	return ParseFileHeader(data)
}

// ReadArchiveHeader reads a header, and the size of the inflated data, off the
// beginning of a .filez. The error is an ErrMalformed, or r's.
func ReadArchiveHeader(r io.Reader) (h *FileHeader, size int64, err error) {
	data, err := readFrame(r)
	if err != nil {
		return nil, 0, err
	}
	v, err := parse(archiveHeaderType, data, MaxHeaderSize)
	if err != nil {
		return nil, 0, err
	}
	h, err = headerFrom(v, 1)
	if err != nil {
		return nil, 0, err
	}
	n := v.At(0).BE64()
	if n > math.MaxInt64 {
		return nil, 0, malformed("size %d", n)
	}
	if h.IsSymlink() {
		n = 0
	}
	return h, int64(n), nil
}

func frame(header []byte) []byte {
	out := make([]byte, framePrefix, framePrefix+len(header))
	binary.BigEndian.PutUint32(out, uint32(len(header)))
	return append(out, header...)
}

func readFrame(r io.Reader) ([]byte, error) {
	var prefix [framePrefix]byte
	if err := readFull(r, prefix[:]); err != nil {
		return nil, err
	}
	n, padding := binary.BigEndian.Uint32(prefix[:4]), binary.BigEndian.Uint32(prefix[4:])
	if n > MaxHeaderSize || padding != 0 {
		return nil, malformed("header of %d bytes", n)
	}
	data := make([]byte, n)
	return data, readFull(r, data)
}

func readFull(r io.Reader, b []byte) error {
	_, err := io.ReadFull(r, b)
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return malformed("header ends early")
	}
	return err
}
