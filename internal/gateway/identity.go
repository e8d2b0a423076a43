package gateway

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// Identity is what the subject of the device's certificate says.
type Identity struct {
	// UUID is the common name.
	UUID string
	// Factory is the organizational unit, where there is one.
	Factory string
	// Production tells a production device from one of a CI pool.
	Production bool
	// NotAfter is when the certificate expires.
	NotAfter time.Time
}

// maxPEM is the size, in bytes, of the longest certificate or key file read.
const maxPEM = 1 << 20

type credentials struct {
	roots    *x509.CertPool
	cert     tls.Certificate
	identity Identity
}

func (c credentials) tls() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		RootCAs:    c.roots,
		// Always this one, also where the server's list of acceptable issuers
		// does not name ours: the server decides, and can say why.
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return &c.cert, nil
		},
		ClientSessionCache: tls.NewLRUClientSessionCache(4),
	}
}

// loadCredentials fails with ErrIdentity and the name of the file to look at.
// What it returns then trusts nobody.
func loadCredentials(caFile, certFile, keyFile string) (credentials, error) {
	none := credentials{roots: x509.NewCertPool()}
	var pems [3][]byte
	for i, f := range []struct{ what, path string }{
		{"CA certificate", caFile}, {"device certificate", certFile}, {"device key", keyFile},
	} {
		data, err := readPEM(f.path)
		if err != nil {
			return none, fmt.Errorf("%w: %s: %w", ErrIdentity, f.what, err)
		}
		pems[i] = data
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pems[0]) {
		return none, fmt.Errorf("%w: CA certificate: no PEM certificate in %s", ErrIdentity, caFile)
	}
	cert, err := tls.X509KeyPair(pems[1], pems[2])
	if err != nil {
		return none, fmt.Errorf("%w: %s with %s: %w", ErrIdentity, certFile, keyFile, err)
	}
	return credentials{roots: roots, cert: cert, identity: identityOf(cert.Leaf)}, nil
}

func readPEM(path string) ([]byte, error) {
	if path == "" {
		return nil, errors.New("no file is configured")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxPEM))
}

// identityOf reads the subject as device gateways issue it (spec/cli.md, Files).
func identityOf(leaf *x509.Certificate) Identity {
	id := Identity{
		UUID:       leaf.Subject.CommonName,
		Production: businessCategory(leaf.Subject) == "production",
		NotAfter:   leaf.NotAfter,
	}
	if ou := leaf.Subject.OrganizationalUnit; len(ou) > 0 {
		id.Factory = ou[0]
	}
	return id
}

// businessCategory is attribute 2.5.4.15 (X.520), which pkix.Name does not name.
func businessCategory(name pkix.Name) string {
	for _, a := range name.Names {
		if a.Type.Equal(asn1.ObjectIdentifier{2, 5, 4, 15}) {
			s, _ := a.Value.(string)
			return s
		}
	}
	return ""
}
