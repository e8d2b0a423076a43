package pull

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/repo"
)

// configure adds a remote to a new repository with the real ostree.
func configure(t *testing.T, set ...string) (*repo.Repo, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "repo")
	ostree(t, "--repo="+path, "init", "--mode=bare-user")
	args := []string{"--repo=" + path, "remote", "add"}
	for _, s := range set[1:] {
		args = append(args, "--set="+s)
	}
	ostree(t, append(args, "origin", set[0])...)
	r, err := repo.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	return r, path
}

// pems writes the server's certificate and key, which serve for the client, too.
func pems(t *testing.T, s *httptest.Server) (cert, key string) {
	t.Helper()
	dir := t.TempDir()
	pair := s.TLS.Certificates[0]
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	require.NoError(t, err)
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	require.NoError(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}), 0o600))
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	return cert, key
}

// TestConfiguredRemote pulls by a configuration that the real ostree pulls by,
// too: TLS both ways, objects from another place.
func TestConfiguredRemote(t *testing.T) {
	a := newArchive(t, tree{dirs: 2, filesPerDir: 2}, false)
	var objects atomic.Int64
	content := serve(t, a.path, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			objects.Add(1)
			h.ServeHTTP(w, r)
		})
	})
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/objects/") && !strings.HasSuffix(r.URL.Path, ".commitmeta") {
			t.Errorf("%s is not from contenturl", r.URL.Path)
		}
		http.FileServer(http.Dir(a.path)).ServeHTTP(w, r)
	}))
	s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	s.StartTLS()
	t.Cleanup(s.Close)
	cert, key := pems(t, s)
	r, path := configure(t, s.URL, "gpg-verify=false", "contenturl="+content.URL, "tls-ca-path="+cert,
		"tls-client-cert-path="+cert, "tls-client-key-path="+key)

	ostree(t, "--repo="+path, "pull", "--commit-metadata-only", "origin", "main")
	require.Positive(t, objects.Swap(0), "the judge pulls by it")
	o, err := Configured(r, "origin")
	require.NoError(t, err)
	o.Commit, o.Ref = a.commit, "main"
	_, err = Pull(context.Background(), r, o)
	require.NoError(t, err)
	require.Positive(t, objects.Load())
	requireSame(t, a, path)

	r, _ = configure(t, s.URL, "gpg-verify=false", "tls-client-cert-path="+cert, "tls-client-key-path="+key)
	o, err = Configured(r, "origin")
	require.NoError(t, err)
	o.Commit = a.commit
	_, err = Pull(context.Background(), r, o)
	require.ErrorIs(t, err, ErrFetch, "nobody knows the server's CA")
	r, _ = configure(t, s.URL, "gpg-verify=false", "tls-permissive=true")
	o, err = Configured(r, "origin")
	require.NoError(t, err)
	o.Commit = a.commit
	_, err = Pull(context.Background(), r, o)
	require.ErrorIs(t, err, ErrFetch, "the server wants a certificate")
}

func TestConfiguredKeys(t *testing.T) {
	text := func(seed byte) string { return base64.StdEncoding.EncodeToString(public(newKey(seed))) }
	file := filepath.Join(t.TempDir(), "keys")
	require.NoError(t, os.WriteFile(file, []byte(text(2)+"\n\n"+text(3)+"\n"), 0o644))
	r, _ := configure(t, "http://localhost", "gpg-verify=false", "sign-verify=ed25519;",
		"verification-ed25519-key="+text(1), "verification-ed25519-file="+file)
	o, err := Configured(r, "origin")
	require.NoError(t, err)
	require.Equal(t, []ed25519.PublicKey{public(newKey(1)), public(newKey(2)), public(newKey(3))}, o.Keys)
}

func TestConfiguredRefuses(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken")
	require.NoError(t, os.WriteFile(broken, []byte("no key"), 0o644))
	for _, tc := range []struct {
		says string
		set  []string
	}{
		{"gpg-verify", []string{"http://localhost"}},
		{"gpg-verify", []string{"http://localhost", "gpg-verify=true"}},
		{"neither true nor false", []string{"http://localhost", "gpg-verify=perhaps"}},
		{"metalink", []string{"http://localhost", "gpg-verify=false", "metalink=http://localhost/m"}},
		{"mirrors", []string{"http://localhost", "gpg-verify=false", "contenturl=mirrorlist=http://localhost"}},
		{"not http", []string{"file:///nowhere", "gpg-verify=false"}},
		{"ask the owner", []string{"http://localhost", "gpg-verify=false", "unconfigured-state=ask the owner"}},
		{"only ed25519", []string{"http://localhost", "gpg-verify=false", "sign-verify=dummy"}},
		{"needs verification-ed25519-key", []string{"http://localhost", "gpg-verify=false", "sign-verify=true"}},
		{"no ed25519 key", []string{"http://localhost", "gpg-verify=false", "sign-verify=true", "verification-ed25519-key=AAAA"}},
		{"no ed25519 key", []string{"http://localhost", "gpg-verify=false", "sign-verify=true", "verification-ed25519-file=" + broken}},
		{"verification-ed25519-file", []string{"http://localhost", "gpg-verify=false", "sign-verify=true", "verification-ed25519-file=/nowhere"}},
		{"tls-ca-path", []string{"http://localhost", "gpg-verify=false", "tls-ca-path=" + broken}},
		{"need each other", []string{"http://localhost", "gpg-verify=false", "tls-client-key-path=" + broken}},
		{"PKCS#11", []string{"http://localhost", "gpg-verify=false", "tls-client-key-path=pkcs11:x", "tls-client-cert-path=pkcs11:y"}},
		{"proxy", []string{"http://localhost", "gpg-verify=false", "proxy=nonsense"}},
	} {
		r, _ := configure(t, tc.set...)
		_, err := Configured(r, "origin")
		require.ErrorIs(t, err, ErrRemote, tc.says)
		require.ErrorContains(t, err, tc.says)
		require.NotContains(t, err.Error(), "\n")
	}
	r, _ := configure(t, "http://localhost", "gpg-verify=false")
	_, err := Configured(r, "another")
	require.ErrorIs(t, err, ErrRemote)
	require.ErrorContains(t, err, "no url")
}
