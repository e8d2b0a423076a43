package tuf

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// fileMeta is what a timestamp says about the snapshot, or a snapshot about the targets.
type fileMeta struct {
	version int64
	length  int64 // -1: not said
	sha256  []byte
	sha512  []byte
}

// parseFileMeta wants a version, and at least one hash of a kind it knows unless there are none and none are needed.
// Hashes of other kinds are ignored.
func parseFileMeta(raw json.RawMessage, needHash bool) (*fileMeta, error) {
	members, err := parseObject(raw)
	if err != nil {
		return nil, err
	}
	m := &fileMeta{length: -1}
	if m.version, err = parseVersion(members["version"]); err != nil {
		return nil, fmt.Errorf(`member "version": %w`, err)
	}
	if length, ok := members["length"]; ok {
		if m.length, err = parseInt(length); err != nil {
			return nil, fmt.Errorf(`member "length": %w`, err)
		}
	}
	if _, ok := members["hashes"]; !ok && !needHash {
		return m, nil
	}
	hashes, err := parseObject(members["hashes"])
	if err != nil {
		return nil, fmt.Errorf(`member "hashes": %w`, err)
	}
	if m.sha256, err = parseHash(hashes["sha256"], sha256.Size); err != nil {
		return nil, fmt.Errorf("sha256: %w", err)
	}
	if m.sha512, err = parseHash(hashes["sha512"], sha512.Size); err != nil {
		return nil, fmt.Errorf("sha512: %w", err)
	}
	if m.sha256 == nil && m.sha512 == nil {
		return nil, errors.New("neither a sha256 nor a sha512")
	}
	return m, nil
}

// parseHash returns nil for an absent hash.
func parseHash(raw json.RawMessage, size int) ([]byte, error) {
	if raw == nil {
		return nil, nil
	}
	s, err := parseString(raw)
	if err != nil {
		return nil, err
	}
	sum, err := hex.DecodeString(s)
	if err != nil || len(sum) != size {
		return nil, fmt.Errorf("not %d bytes in hexadecimal", size)
	}
	return sum, nil
}

// check compares the canonical form of a whole file with m. by names the document that m is from.
func (m *fileMeta) check(whole []byte, by string) error {
	if m.length >= 0 && m.length != int64(len(whole)) {
		return fmt.Errorf("its canonical length is %d, the %s says %d", len(whole), by, m.length)
	}
	if sum := sha256.Sum256(whole); m.sha256 != nil && !bytes.Equal(sum[:], m.sha256) {
		return fmt.Errorf("its sha256 is %x, the %s says %x", sum, by, m.sha256)
	}
	if sum := sha512.Sum512(whole); m.sha512 != nil && !bytes.Equal(sum[:], m.sha512) {
		return fmt.Errorf("its sha512 is %x, the %s says %x", sum, by, m.sha512)
	}
	return nil
}
