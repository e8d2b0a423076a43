package tuf

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKeys(t *testing.T) {
	signers := []*signer{newSigner(t, "ed")}
	for _, bits := range []int{2048, 3072, 4096} {
		signers = append(signers, newRSASigner(t, "rsa", bits))
	}
	message := []byte("message")
	for _, s := range signers {
		raw, err := json.Marshal(s.public(t))
		require.NoError(t, err)
		key, err := parseKey(raw)
		require.NoError(t, err)
		text, err := json.Marshal(s.sign(t, message))
		require.NoError(t, err)
		sig, err := parseSignature(text)
		require.NoError(t, err)
		require.True(t, key.verifies(sig, message))
		require.False(t, key.verifies(sig, []byte("massage")))
		require.False(t, key.verifies(Signature{Method: sig.Method}, message))
		if s.method != MethodEd25519 {
			sig.Method = "RSASSA-PSS"
			require.True(t, key.verifies(sig, message))
			sig.Method = MethodEd25519
			require.False(t, key.verifies(sig, message))
		}
	}
}

func TestKeysRefused(t *testing.T) {
	ed, err := json.Marshal(newSigner(t, "x").public(t))
	require.NoError(t, err)
	_, err = parseKey(ed)
	require.NoError(t, err)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKIXPublicKey(ec.Public())
	require.NoError(t, err)
	ecPEM := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	rsaPEM := newRSASigner(t, "x", 2048).public(t)["keyval"].(map[string]any)["public"].(string)
	for name, k := range map[string]Key{
		"type":            {Type: "ecdsa", Value: KeyValue{ecPEM}},
		"no type":         {Value: KeyValue{strings.Repeat("00", 32)}},
		"short":           {Type: "ED25519", Value: KeyValue{strings.Repeat("00", 31)}},
		"long":            {Type: "ED25519", Value: KeyValue{strings.Repeat("00", 33)}},
		"not hexadecimal": {Type: "ED25519", Value: KeyValue{strings.Repeat("0g", 32)}},
		"not PEM":         {Type: "RSA", Value: KeyValue{strings.Repeat("00", 32)}},
		"another inside":  {Type: "RSA", Value: KeyValue{ecPEM}},
		"another block":   {Type: "RSA", Value: KeyValue{strings.ReplaceAll(rsaPEM, "PUBLIC KEY", "RSA PUBLIC KEY")}},
		"two blocks":      {Type: "RSA", Value: KeyValue{rsaPEM + rsaPEM}},
		"damaged":         {Type: "RSA", Value: KeyValue{strings.Replace(rsaPEM, "MIIB", "MIIC", 1)}},
	} {
		_, err := k.Parse()
		require.ErrorIs(t, err, ErrInvalid, name)
	}
}

func FuzzKey(f *testing.F) {
	for _, s := range []*signer{newSigner(f, "x"), newRSASigner(f, "x", 2048)} {
		raw, err := json.Marshal(s.public(f))
		require.NoError(f, err)
		f.Add(raw)
	}
	f.Add([]byte(`{"keytype":"RSA","keyval":{"public":"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		key, err := parseKey(raw)
		if err != nil {
			return
		}
		require.NotNil(t, key.pub)
		require.False(t, key.verifies(Signature{Method: MethodEd25519, Sig: "AAAA"}, nil))
		require.False(t, key.verifies(Signature{Method: MethodRSAPSS, Sig: "AAAA"}, nil))
	})
}

func FuzzEnvelope(f *testing.F) {
	r := newTestRepo(f)
	for _, data := range r.files {
		f.Add(data)
	}
	f.Add([]byte(`{"signatures":[{"keyid":"a","method":"ed25519","sig":""},{"keyid":"a","method":"ed25519","sig":""}],"signed":{}}`))
	root, err := parseFactoryRoot(r.files["1.root.json"])
	require.NoError(f, err)
	genuine := map[string]string{}
	for _, role := range []string{roleTimestamp, roleSnapshot, roleTargets} {
		d, err := parseDocument(role, r.files[role+".json"])
		require.NoError(f, err)
		genuine[role] = string(d.signed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if e, err := ParseEnvelope(data); err != nil {
			require.ErrorIs(t, err, ErrInvalid)
		} else {
			again, err := Canonical(e.Signed)
			require.NoError(t, err)
			require.Equal(t, string(e.Signed), string(again))
		}
		_, _ = parseFactoryRoot(data)
		for role, signed := range genuine {
			if d, err := parseDocument(role, data); err == nil && root.verify(d) == nil {
				require.Equal(t, signed, string(d.signed), "forged")
			}
			_ = checkStandard(role, data)
		}
	})
}
