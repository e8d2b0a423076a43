//go:build factory

// Package keys makes and keeps the signing keys of a factory's TUF roles.
//
// A key is one JSON file, mode 0600, in the form existing factories keep their
// role keys in: the public half as it stands in root metadata, the private half
// beside it (TUF, factory dialect, "keys").
package keys

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
)

// Type names a key algorithm as root metadata spells it.
type Type string

// The key types the factory dialect knows.
const (
	ED25519 Type = "ED25519"
	RSA     Type = "RSA"
)

// The signature methods the factory dialect knows, as signatures spell them.
const (
	MethodED25519 = "ed25519"
	MethodRSAPSS  = "rsassa-pss-sha256"
)

const rsaBits = 2048

// ErrUnknownType is returned for a key type that is neither ED25519 nor RSA.
var ErrUnknownType = errors.New("unknown key type")

// Key is a private signing key of a TUF role.
type Key struct {
	Type    Type
	private crypto.Signer
}

// Public is a key as root metadata carries it.
type Public struct {
	KeyType Type  `json:"keytype"`
	KeyVal  Value `json:"keyval"`
}

// Value holds the halves of a key: hex for ED25519, PEM for RSA. Private is
// empty wherever a key is published.
type Value struct {
	Public  string `json:"public"`
	Private string `json:"private,omitempty"`
}

// ParseType reads a key type in any case.
func ParseType(s string) (Type, error) {
	switch t := Type(strings.ToUpper(s)); t {
	case ED25519, RSA:
		return t, nil
	}
	return "", fmt.Errorf("%w %q: use ed25519 or rsa", ErrUnknownType, s)
}

// Generate makes a new key of type t.
func Generate(t Type) (*Key, error) {
	switch t {
	case ED25519:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return &Key{Type: t, private: private}, err
	case RSA:
		private, err := rsa.GenerateKey(rand.Reader, rsaBits)
		return &Key{Type: t, private: private}, err
	}
	return nil, fmt.Errorf("%w %q", ErrUnknownType, t)
}

// Public returns the half that goes into root metadata.
func (k *Key) Public() Public {
	return Public{KeyType: k.Type, KeyVal: Value{Public: k.publicText()}}
}

// ID is the name root metadata and signatures know the key by. Clients treat
// it as opaque; here it is the SHA-256 of the public half as published.
func (k *Key) ID() string {
	sum := sha256.Sum256([]byte(k.publicText()))
	return hex.EncodeToString(sum[:])
}

// Signer is the private half, for signers that want a crypto.Signer.
func (k *Key) Signer() crypto.Signer { return k.private }

// Sign signs message and returns the method and the base64 signature.
func (k *Key) Sign(message []byte) (method, sig string, err error) {
	if k.Type == ED25519 {
		raw, err := k.private.Sign(rand.Reader, message, crypto.Hash(0))
		return MethodED25519, base64.StdEncoding.EncodeToString(raw), err
	}
	digest := sha256.Sum256(message)
	raw, err := k.private.Sign(rand.Reader, digest[:], &rsa.PSSOptions{
		SaltLength: rsa.PSSSaltLengthEqualsHash,
		Hash:       crypto.SHA256,
	})
	return MethodRSAPSS, base64.StdEncoding.EncodeToString(raw), err
}

// Save writes both halves to path, readable by the owner alone. A file that is
// there already is left alone and reported: keys are not overwritten.
func (k *Key) Save(path string) error {
	private, err := k.privateText()
	if err != nil {
		return err
	}
	file := k.Public()
	file.KeyVal.Private = private
	data, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("save key: %w", err)
	}
	_, err = f.Write(append(data, '\n'))
	return errors.Join(err, f.Close())
}

// Load reads a key that Save wrote.
func Load(path string) (*Key, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("load key: %w", err)
	}
	var file Public
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("load key %s: %w", path, err)
	}
	k, err := parse(file)
	if err != nil {
		return nil, fmt.Errorf("load key %s: %w", path, err)
	}
	return k, nil
}

func parse(file Public) (*Key, error) {
	t, err := ParseType(string(file.KeyType))
	if err != nil {
		return nil, err
	}
	if t == ED25519 {
		seed, err := hex.DecodeString(file.KeyVal.Private)
		if err != nil || len(seed) != ed25519.SeedSize {
			return nil, errors.New("private half is not 32 bytes of hex")
		}
		return &Key{Type: t, private: ed25519.NewKeyFromSeed(seed)}, nil
	}
	block, _ := pem.Decode([]byte(file.KeyVal.Private))
	if block == nil {
		return nil, errors.New("private half is not PEM")
	}
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	rsaKey, ok := private.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("private half is not an RSA key")
	}
	return &Key{Type: t, private: rsaKey}, nil
}

func (k *Key) publicText() string {
	switch public := k.private.Public().(type) {
	case ed25519.PublicKey:
		return hex.EncodeToString(public)
	default:
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			panic("keys: a generated RSA key cannot be encoded: " + err.Error())
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	}
}

func (k *Key) privateText() (string, error) {
	if private, ok := k.private.(ed25519.PrivateKey); ok {
		return hex.EncodeToString(private.Seed()), nil
	}
	der, err := x509.MarshalPKCS8PrivateKey(k.private)
	if err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), nil
}
