package tuf

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// Key is a public key as a root document of the factory dialect lists it.
type Key struct {
	// Type is KeyTypeEd25519 or KeyTypeRSA, in any case.
	Type string `json:"keytype"`
	// Value holds the key itself.
	Value KeyValue `json:"keyval"`
}

// KeyValue is the value of a Key.
type KeyValue struct {
	// Public is 32 bytes in hexadecimal for Ed25519, and a PEM block "PUBLIC KEY" (PKIX) for RSA.
	Public string `json:"public"`
}

// Key types of the factory dialect.
const (
	KeyTypeEd25519 = "ED25519"
	KeyTypeRSA     = "RSA"
)

// Parse returns the key as ed25519.PublicKey or *rsa.PublicKey. RSA keys have 2048, 3072 or 4096 bits. The error is in
// class ErrInvalid.
func (k Key) Parse() (crypto.PublicKey, error) {
	pub, err := k.parse()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return pub, nil
}

func (k Key) parse() (crypto.PublicKey, error) {
	switch strings.ToUpper(k.Type) {
	case KeyTypeEd25519:
		return parseEd25519(k.Value.Public)
	case KeyTypeRSA:
		return parseRSA(k.Value.Public)
	}
	return nil, fmt.Errorf("unknown key type %.64q", k.Type)
}

func parseEd25519(public string) (crypto.PublicKey, error) {
	b, err := hex.DecodeString(public)
	if err != nil || len(b) != ed25519.PublicKeySize {
		return nil, errors.New("an Ed25519 key is not 32 bytes in hexadecimal")
	}
	return ed25519.PublicKey(b), nil
}

func parseRSA(public string) (crypto.PublicKey, error) {
	block, rest := pem.Decode([]byte(public))
	if block == nil || block.Type != "PUBLIC KEY" || len(bytes.TrimSpace(rest)) != 0 {
		return nil, errors.New("an RSA key is not one PEM block of type PUBLIC KEY")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("an RSA key does not parse: %w", err)
	}
	pub, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("a key of type RSA is of another type inside")
	}
	switch bits := pub.N.BitLen(); bits {
	case 2048, 3072, 4096:
		return pub, nil
	default:
		return nil, fmt.Errorf("an RSA key has %d bits, not 2048, 3072 or 4096", bits)
	}
}

// verifyKey is a parsed key with an identity that does not depend on the name the root gave it.
type verifyKey struct {
	pub         crypto.PublicKey
	fingerprint [sha256.Size]byte
}

func parseKey(raw json.RawMessage) (*verifyKey, error) {
	members, err := parseObject(raw)
	if err != nil {
		return nil, err
	}
	var k Key
	if k.Type, err = parseString(members["keytype"]); err != nil {
		return nil, fmt.Errorf(`member "keytype": %w`, err)
	}
	value, err := parseObject(members["keyval"])
	if err != nil {
		return nil, fmt.Errorf(`member "keyval": %w`, err)
	}
	if k.Value.Public, err = parseString(value["public"]); err != nil {
		return nil, fmt.Errorf(`member "public": %w`, err)
	}
	pub, err := k.parse()
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return nil, err
	}
	return &verifyKey{pub: pub, fingerprint: sha256.Sum256(der)}, nil
}

// verifies tells whether s is a good signature by this key over message. A method that belongs to the other type of key
// is a bad signature.
func (k *verifyKey) verifies(s Signature, message []byte) bool {
	sig, err := base64.StdEncoding.Strict().DecodeString(s.Sig)
	if err != nil {
		return false
	}
	ed := strings.EqualFold(s.Method, MethodEd25519)
	switch pub := k.pub.(type) {
	case ed25519.PublicKey:
		return ed && ed25519.Verify(pub, message, sig)
	case *rsa.PublicKey:
		digest := sha256.Sum256(message)
		return !ed && rsa.VerifyPSS(pub, crypto.SHA256, digest[:], sig, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto}) == nil
	}
	return false
}
