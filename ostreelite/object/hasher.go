package object

import (
	"crypto/sha256"
	"hash"
)

// Hasher computes the checksum of a content object from its header and the
// data written to it. It can be reset and used again.
type Hasher struct{ h hash.Hash }

// NewHasher gives a Hasher; Reset begins an object.
func NewHasher() *Hasher { return &Hasher{sha256.New()} }

// Reset begins the object with the given header.
func (s *Hasher) Reset(h *FileHeader) {
	s.h.Reset()
	s.h.Write(h.MarshalStream())
}

// Write adds data. It never fails.
func (s *Hasher) Write(p []byte) (int, error) { return s.h.Write(p) }

// Sum is the checksum of header and data so far.
func (s *Hasher) Sum() (c Checksum) {
	s.h.Sum(c[:0])
	return c
}
