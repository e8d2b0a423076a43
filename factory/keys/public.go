//go:build factory

package keys

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/sotabox/sotabox/tuf"
)

// ID is the name that root metadata and signatures know the key by; it is that of the private half.
func (p Public) ID() string {
	sum := sha256.Sum256([]byte(p.KeyVal.Public))
	return hex.EncodeToString(sum[:])
}

// Verifies tells whether a signature, as Key.Sign returns it, is a good one.
func (p Public) Verifies(method, sig string, message []byte) bool {
	parsed, err := tuf.Key{Type: string(p.KeyType), Value: tuf.KeyValue{Public: p.KeyVal.Public}}.Parse()
	if err != nil {
		return false
	}
	raw, err := base64.StdEncoding.DecodeString(sig)
	if err != nil {
		return false
	}
	switch pub := parsed.(type) {
	case ed25519.PublicKey:
		return method == MethodED25519 && ed25519.Verify(pub, message, raw)
	case *rsa.PublicKey:
		digest := sha256.Sum256(message)
		return method == MethodRSAPSS && rsa.VerifyPSS(pub, crypto.SHA256, digest[:], raw, nil) == nil
	}
	return false
}

// SavePublic writes the public half to path, for the people who put it into root metadata.
func (k *Key) SavePublic(path string) error {
	data, err := json.MarshalIndent(k.Public(), "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("save public key: %w", err)
	}
	return nil
}

// LoadPublic reads what SavePublic wrote. A file with a private half is refused: it should not be where public ones are.
func LoadPublic(path string) (Public, error) {
	var p Public
	data, err := os.ReadFile(path)
	if err != nil {
		return p, fmt.Errorf("load public key: %w", err)
	}
	if err := json.Unmarshal(data, &p); err != nil {
		return p, fmt.Errorf("load public key %s: %w", path, err)
	}
	if p.KeyVal.Private != "" {
		return Public{}, fmt.Errorf("load public key %s: %w", path, errors.New("it holds a private key; give the file with the public half"))
	}
	if _, err := (tuf.Key{Type: string(p.KeyType), Value: tuf.KeyValue{Public: p.KeyVal.Public}}).Parse(); err != nil {
		return Public{}, fmt.Errorf("load public key %s: %w", path, err)
	}
	return p, nil
}
