//go:build factory

package pki

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDeviceCertificateSaysWhoTheDeviceIs(t *testing.T) {
	ca, err := Create(t.TempDir(), "acme")
	require.NoError(t, err)
	for _, production := range []bool{false, true} {
		pair, err := ca.IssueDevice(Device{UUID: "4711", Factory: "acme", Production: production})
		require.NoError(t, err)
		cert, err := tls.X509KeyPair(pair.Cert, pair.Key)
		require.NoError(t, err)
		require.Equal(t, "4711", cert.Leaf.Subject.CommonName)
		require.Equal(t, []string{"acme"}, cert.Leaf.Subject.OrganizationalUnit)
		require.Equal(t, production, IsProduction(cert.Leaf))

		pool := x509.NewCertPool()
		require.True(t, pool.AppendCertsFromPEM(ca.Certificate()))
		_, err = cert.Leaf.Verify(x509.VerifyOptions{Roots: pool, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
		require.NoError(t, err)
	}
}

func TestServerCertificateIsGoodForLoopback(t *testing.T) {
	dir := t.TempDir()
	_, err := Create(dir, "acme")
	require.NoError(t, err)
	ca, err := Open(dir)
	require.NoError(t, err)
	config, err := ca.ServerTLS()
	require.NoError(t, err)
	for _, host := range []string{"localhost", "127.0.0.1", "::1"} {
		require.NoError(t, config.Certificates[0].Leaf.VerifyHostname(host))
	}
	for _, name := range []string{caKeyFile, serverKeyFile} {
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
}

func TestExpiredDeviceCertificateCanBeMade(t *testing.T) {
	ca, err := Create(t.TempDir(), "acme")
	require.NoError(t, err)
	pair, err := ca.IssueDevice(Device{UUID: "4711", NotAfter: time.Now().Add(-time.Hour * 24)})
	require.NoError(t, err)
	cert, err := tls.X509KeyPair(pair.Cert, pair.Key)
	require.NoError(t, err)
	require.True(t, cert.Leaf.NotAfter.Before(time.Now()))
	require.True(t, cert.Leaf.NotBefore.Before(cert.Leaf.NotAfter))
}
