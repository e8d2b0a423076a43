package object

import (
	"crypto/sha256"
	"encoding/hex"
)

// Checksum is the SHA-256 that names an object. The zero value means "none".
type Checksum [sha256.Size]byte

// ParseChecksum reads 64 lower-case hexadecimal digits. The error is an
// ErrMalformed.
func ParseChecksum(text string) (Checksum, error) {
	var c Checksum
	if len(text) != hex.EncodedLen(len(c)) {
		return Checksum{}, malformed("checksum %.80q is not 64 hexadecimal digits", text)
	}
	for i := range len(text) {
		if ch := text[i]; (ch < '0' || ch > '9') && (ch < 'a' || ch > 'f') {
			return Checksum{}, malformed("checksum %q is not 64 lower-case hexadecimal digits", text)
		}
	}
	_, err := hex.Decode(c[:], []byte(text))
	return c, err
}

// String is the checksum as 64 lower-case hexadecimal digits.
func (c Checksum) String() string { return hex.EncodeToString(c[:]) }

// IsZero reports whether there is no checksum.
func (c Checksum) IsZero() bool { return c == Checksum{} }

// Sum is the checksum of a metadata object.
func Sum(data []byte) Checksum { return sha256.Sum256(data) }

// checksumFrom reads the "ay" that holds a checksum inside metadata.
func checksumFrom(b []byte) (Checksum, error) {
	var c Checksum
	if len(b) != len(c) {
		return c, malformed("checksum of %d bytes", len(b))
	}
	return Checksum(b), nil
}
