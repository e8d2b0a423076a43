//go:build factory

package keys

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKeySurvivesTheDisk(t *testing.T) {
	for _, typ := range []Type{ED25519, RSA} {
		t.Run(string(typ), func(t *testing.T) {
			k, err := Generate(typ)
			require.NoError(t, err)
			path := filepath.Join(t.TempDir(), "root.json")
			require.NoError(t, k.Save(path))

			info, err := os.Stat(path)
			require.NoError(t, err)
			require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

			back, err := Load(path)
			require.NoError(t, err)
			require.Equal(t, k.Public(), back.Public())
			require.Equal(t, k.ID(), back.ID())
			require.ErrorIs(t, k.Save(path), os.ErrExist, "a key is never overwritten")

			method, sig, err := back.Sign([]byte("message"))
			require.NoError(t, err)
			raw, err := base64.StdEncoding.DecodeString(sig)
			require.NoError(t, err)
			verify(t, k, method, []byte("message"), raw)
		})
	}
}

func verify(t *testing.T, k *Key, method string, message, sig []byte) {
	t.Helper()
	switch public := k.Signer().Public().(type) {
	case ed25519.PublicKey:
		require.Equal(t, MethodED25519, method)
		require.True(t, ed25519.Verify(public, message, sig))
	case *rsa.PublicKey:
		require.Equal(t, MethodRSAPSS, method)
		digest := sha256.Sum256(message)
		require.NoError(t, rsa.VerifyPSS(public, crypto.SHA256, digest[:], sig, nil))
	default:
		t.Fatalf("unexpected public key %T", public)
	}
}

func TestPublicHalfHoldsNoPrivatePart(t *testing.T) {
	k, err := Generate(ED25519)
	require.NoError(t, err)
	require.Empty(t, k.Public().KeyVal.Private)
	require.Len(t, k.Public().KeyVal.Public, 64)
}

func TestLoadRefuses(t *testing.T) {
	for name, content := range map[string]string{
		"not json":     "key",
		"unknown type": `{"keytype":"DSA","keyval":{"private":"00"}}`,
		"short seed":   `{"keytype":"ED25519","keyval":{"private":"00"}}`,
		"not pem":      `{"keytype":"RSA","keyval":{"private":"00"}}`,
	} {
		path := filepath.Join(t.TempDir(), "key.json")
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		_, err := Load(path)
		require.Error(t, err, name)
	}
}
