package tuf

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Envelope is a document of the factory dialect: what is signed, and the signatures over its canonical form.
type Envelope struct {
	Signatures []Signature     `json:"signatures"`
	Signed     json.RawMessage `json:"signed"`
}

// Signature is one signature of an envelope.
type Signature struct {
	// KeyID is an opaque name that the root document gave to a key.
	KeyID string `json:"keyid"`
	// Method is one of the Method constants, in any case.
	Method string `json:"method"`
	// Sig is the signature in padded standard base64.
	Sig string `json:"sig"`
}

// Signature methods of the factory dialect. RSA is always PSS with SHA-256; it has two names.
const (
	MethodEd25519      = "ed25519"
	MethodRSAPSSSHA256 = "rsassa-pss-sha256"
	MethodRSAPSS       = "rsassa-pss"
)

// ParseEnvelope parses a document of the factory dialect without verifying it. Signed is returned in its canonical
// form, which is the signatures' input. A signature with an unknown method and a key identifier that occurs twice make
// the whole document invalid, as they do for the C++ client. The error is in class ErrInvalid.
func ParseEnvelope(data []byte) (*Envelope, error) {
	whole, err := Canonical(data)
	if err != nil {
		return nil, err
	}
	e, err := parseEnvelope(whole)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return e, nil
}

// parseEnvelope takes the canonical form of the whole document. A member of a canonical text is itself canonical.
func parseEnvelope(whole []byte) (*Envelope, error) {
	members, err := parseObject(whole)
	if err != nil {
		return nil, err
	}
	if _, err := parseObject(members["signed"]); err != nil {
		return nil, fmt.Errorf(`member "signed": %w`, err)
	}
	e := &Envelope{Signed: members["signed"], Signatures: []Signature{}}
	seen := map[string]bool{}
	err = scanArray(members["signatures"], func(raw []byte) error {
		s, err := parseSignature(raw)
		if err != nil {
			return err
		}
		if seen[s.KeyID] {
			return fmt.Errorf("signed twice by key %.64q", s.KeyID)
		}
		seen[s.KeyID] = true
		e.Signatures = append(e.Signatures, s)
		return nil
	})
	if errors.Is(err, errJSON) {
		return nil, errors.New(`member "signatures" is not an array`)
	}
	if err != nil {
		return nil, err
	}
	return e, nil
}

func parseSignature(raw json.RawMessage) (Signature, error) {
	members, err := parseObject(raw)
	if err != nil {
		return Signature{}, fmt.Errorf("signature: %w", err)
	}
	var s Signature
	for name, to := range map[string]*string{"keyid": &s.KeyID, "method": &s.Method, "sig": &s.Sig} {
		if *to, err = parseString(members[name]); err != nil {
			return Signature{}, fmt.Errorf("member %q of a signature: %w", name, err)
		}
	}
	switch strings.ToLower(s.Method) {
	case MethodEd25519, MethodRSAPSSSHA256, MethodRSAPSS:
		return s, nil
	}
	return Signature{}, fmt.Errorf("unknown signature method %.64q", s.Method)
}
