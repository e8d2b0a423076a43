package gateway

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// pki is a CA with what it signed.
type pki struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newPKI(t *testing.T) *pki {
	t.Helper()
	p := &pki{t: t, dir: t.TempDir()}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	require.NoError(t, err)
	p.key = key
	p.cert, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	p.write("ca.pem", "CERTIFICATE", der)
	return p
}

func (p *pki) path(name string) string { return filepath.Join(p.dir, name) }

func (p *pki) write(name, kind string, der []byte) {
	data := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	require.NoError(p.t, os.WriteFile(p.path(name), data, 0o600))
}

// issue writes name.pem and name.key.
func (p *pki) issue(name string, subject pkix.Name, notAfter time.Time) tls.Certificate {
	p.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(p.t, err)
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: subject,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: notAfter,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, p.cert, &key.PublicKey, p.key)
	require.NoError(p.t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(p.t, err)
	p.write(name+".pem", "CERTIFICATE", der)
	p.write(name+".key", "PRIVATE KEY", keyDER)
	cert, err := tls.LoadX509KeyPair(p.path(name+".pem"), p.path(name+".key"))
	require.NoError(p.t, err)
	return cert
}

// device issues the certificate of a production device and returns Options.
func (p *pki) device() Options {
	p.issue("device", pkix.Name{
		CommonName: "2f7d1a60-uuid", OrganizationalUnit: []string{"the-factory"},
		ExtraNames: []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{2, 5, 4, 15}, Value: "production"}},
	}, time.Now().Add(time.Hour))
	return Options{CAFile: p.path("ca.pem"), CertFile: p.path("device.pem"), KeyFile: p.path("device.key"), UserAgent: "test/1"}
}

// serve starts a gateway that wants a client certificate of this CA.
func (p *pki) serve(h http.HandlerFunc, change ...func(*tls.Config)) *httptest.Server {
	p.t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(p.cert)
	srv := httptest.NewUnstartedServer(h)
	srv.TLS = &tls.Config{
		Certificates: []tls.Certificate{p.issue("server", pkix.Name{CommonName: "127.0.0.1"}, time.Now().Add(time.Hour))},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: pool,
	}
	for _, f := range change {
		f(srv.TLS)
	}
	srv.EnableHTTP2 = true
	srv.Config.ErrorLog = discardLog()
	srv.StartTLS()
	p.t.Cleanup(srv.Close)
	return srv
}
