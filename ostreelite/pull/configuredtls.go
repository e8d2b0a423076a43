package pull

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// NewTransport makes connections as a pull likes them: HTTP/1.1, with a limit on
// the time that setting them up may take. A nil config trusts the system's CAs.
func NewTransport(config *tls.Config) *http.Transport {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        config,
		TLSHandshakeTimeout:    30 * time.Second,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true,
		Protocols:              &protocols,
	}
}

// tls reads the remote's tls-* keys.
func (c remoteConfig) tls() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(4)}
	permissive, err := c.flag("tls-permissive", false)
	if err != nil {
		return nil, err
	}
	config.InsecureSkipVerify = permissive
	if file := c.get("tls-ca-path"); file != "" {
		data, err := readSmall(file)
		if err != nil {
			return nil, fmt.Errorf("tls-ca-path: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(data) {
			return nil, fmt.Errorf("tls-ca-path: no PEM certificate in %s", file)
		}
	}
	certFile, keyFile := c.get("tls-client-cert-path"), c.get("tls-client-key-path")
	if certFile == "" && keyFile == "" {
		return config, nil
	}
	if certFile == "" || keyFile == "" {
		return nil, errors.New("tls-client-cert-path and tls-client-key-path need each other")
	}
	cert, err := readSmall(certFile)
	if err != nil {
		return nil, fmt.Errorf("tls-client-cert-path: %w", err)
	}
	key, err := readSmall(keyFile)
	if err != nil {
		return nil, fmt.Errorf("tls-client-key-path: %w", err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("%s with %s: %w", certFile, keyFile, err)
	}
	config.Certificates = []tls.Certificate{pair}
	return config, nil
}

// maxKeyFile caps files with keys and certificates, in bytes.
const maxKeyFile = 1 << 20

func readSmall(file string) ([]byte, error) {
	if strings.HasPrefix(file, "pkcs11:") {
		return nil, errors.New("PKCS#11 is not supported")
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err == nil && len(data) > maxKeyFile {
		err = fmt.Errorf("%s has more than %d bytes", file, maxKeyFile)
	}
	return data, err
}
