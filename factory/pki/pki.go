//go:build factory

// Package pki makes the X.509 side of a factory: a certificate authority, the
// gateway's server certificate and the certificates devices show it.
//
// A device's certificate carries the device uuid as its common name, the
// factory as organisational unit and, on production devices, the attribute
// businessCategory=production (OID 2.5.4.15), which is how gateways and
// clients tell the two kinds of device apart.
package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// The files of a PKI directory.
const (
	CAFile         = "root.crt"
	caKeyFile      = "root.key"
	serverFile     = "server.crt"
	serverKeyFile  = "server.key"
	certificateTTL = 10 * 365 * 24 * time.Hour
)

// CA signs the certificates of one factory.
type CA struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// Pair is a certificate and its private key, both PEM.
type Pair struct{ Cert, Key []byte }

// Device says what a device certificate is to state.
type Device struct {
	UUID       string
	Factory    string
	Production bool
	NotAfter   time.Time // zero: ten years from now
}

func businessCategory() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{2, 5, 4, 15} }

// Create makes a new authority and a server certificate for the loopback
// addresses in the empty or absent directory dir.
func Create(dir, factory string) (*CA, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("create pki: %w", err)
	}
	subject := pkix.Name{CommonName: factory + " CA", OrganizationalUnit: []string{factory}}
	template := newTemplate(subject, time.Time{})
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	pair, err := issue(template, nil)
	if err != nil {
		return nil, fmt.Errorf("create certificate authority: %w", err)
	}
	if err := save(dir, CAFile, caKeyFile, pair); err != nil {
		return nil, err
	}
	ca, err := Open(dir)
	if err != nil {
		return nil, err
	}
	server, err := ca.issueServer(factory)
	if err != nil {
		return nil, fmt.Errorf("create server certificate: %w", err)
	}
	return ca, save(dir, serverFile, serverKeyFile, server)
}

// Open reads an authority that Create made.
func Open(dir string) (*CA, error) {
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, CAFile), filepath.Join(dir, caKeyFile))
	if err != nil {
		return nil, fmt.Errorf("open pki: %w", err)
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("open pki %s: the authority's key is not ECDSA", dir)
	}
	return &CA{dir: dir, cert: pair.Leaf, key: key}, nil
}

// Certificate is the authority's certificate in PEM: what devices call root.crt.
func (ca *CA) Certificate() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.cert.Raw})
}

// IssueDevice makes a device certificate.
func (ca *CA) IssueDevice(d Device) (Pair, error) {
	subject := pkix.Name{CommonName: d.UUID, OrganizationalUnit: []string{d.Factory}}
	if d.Production {
		subject.ExtraNames = []pkix.AttributeTypeAndValue{{Type: businessCategory(), Value: "production"}}
	}
	template := newTemplate(subject, d.NotAfter)
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	pair, err := issue(template, ca)
	if err != nil {
		return Pair{}, fmt.Errorf("issue device certificate: %w", err)
	}
	return pair, nil
}

// ServerTLS is the gateway's side of mutual TLS: its own certificate, and
// client certificates of this authority checked if given. Who must have one is
// decided per request, so that the answer can be an HTTP status.
func (ca *CA) ServerTLS() (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(filepath.Join(ca.dir, serverFile), filepath.Join(ca.dir, serverKeyFile))
	if err != nil {
		return nil, fmt.Errorf("load server certificate: %w", err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	return &tls.Config{
		Certificates: []tls.Certificate{pair},
		ClientAuth:   tls.VerifyClientCertIfGiven,
		ClientCAs:    pool,
		MinVersion:   tls.VersionTLS12,
	}, nil
}

// IsProduction tells whether a certificate is a production device's.
func IsProduction(cert *x509.Certificate) bool {
	for _, name := range cert.Subject.Names {
		if name.Type.Equal(businessCategory()) {
			return name.Value == "production"
		}
	}
	return false
}

func (ca *CA) issueServer(factory string) (Pair, error) {
	template := newTemplate(pkix.Name{CommonName: "localhost", OrganizationalUnit: []string{factory}}, time.Time{})
	template.DNSNames = []string{"localhost"}
	template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	return issue(template, ca)
}

func newTemplate(subject pkix.Name, notAfter time.Time) *x509.Certificate {
	now := time.Now()
	if notAfter.IsZero() {
		notAfter = now.Add(certificateTTL)
	}
	// An hour's grace: a device's clock may be a little behind.
	notBefore := now.Add(-time.Hour)
	if notAfter.Before(notBefore) {
		notBefore = notAfter.Add(-time.Hour)
	}
	return &x509.Certificate{
		Subject:   subject,
		NotBefore: notBefore,
		NotAfter:  notAfter,
		KeyUsage:  x509.KeyUsageDigitalSignature,
	}
}

// issue makes a key and certifies it; without an authority it signs itself.
func issue(template *x509.Certificate, ca *CA) (Pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, err
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)); err != nil {
		return Pair{}, err
	}
	parent, signer := template, key
	if ca != nil {
		parent, signer = ca.cert, ca.key
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return Pair{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, err
	}
	return Pair{
		Cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}),
		Key:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
	}, nil
}

func save(dir, certName, keyName string, pair Pair) error {
	err := errors.Join(
		os.WriteFile(filepath.Join(dir, certName), pair.Cert, 0o644),
		os.WriteFile(filepath.Join(dir, keyName), pair.Key, 0o600))
	if err != nil {
		return fmt.Errorf("save certificate: %w", err)
	}
	return nil
}
