package gateway

import (
	"context"
	"crypto/tls"
	"crypto/x509/pkix"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestIdentity(t *testing.T) {
	p := newPKI(t)
	g := New(p.device())
	id, ok := g.Identity()
	require.True(t, ok)
	require.NoError(t, g.IdentityError())
	require.Equal(t, "2f7d1a60-uuid", id.UUID)
	require.Equal(t, "the-factory", id.Factory)
	require.True(t, id.Production)
	require.WithinDuration(t, time.Now().Add(time.Hour), id.NotAfter, time.Minute)

	p.issue("ci", pkix.Name{CommonName: "ci-uuid"}, time.Now().Add(time.Hour))
	g = New(Options{CAFile: p.path("ca.pem"), CertFile: p.path("ci.pem"), KeyFile: p.path("ci.key")})
	id, ok = g.Identity()
	require.True(t, ok)
	require.Equal(t, "ci-uuid", id.UUID)
	require.False(t, id.Production)
}

func TestBadIdentity(t *testing.T) {
	p := newPKI(t)
	good := p.device()
	p.issue("other", pkix.Name{CommonName: "other"}, time.Now().Add(time.Hour))
	require.NoError(t, os.WriteFile(p.path("junk"), []byte("-----BEGIN JUNK-----\ntop-secret\n"), 0o600))
	tests := map[string]struct {
		change func(*Options)
		want   []string
	}{
		"no CA":           {func(o *Options) { o.CAFile = p.path("none") }, []string{"CA certificate", p.path("none")}},
		"no certificate":  {func(o *Options) { o.CertFile = p.path("none") }, []string{"device certificate", p.path("none")}},
		"no key":          {func(o *Options) { o.KeyFile = p.path("none") }, []string{"device key", p.path("none")}},
		"not configured":  {func(o *Options) { o.KeyFile = "" }, []string{"device key", "no file is configured"}},
		"CA is junk":      {func(o *Options) { o.CAFile = p.path("junk") }, []string{"no PEM certificate", p.path("junk")}},
		"key is junk":     {func(o *Options) { o.KeyFile = p.path("junk") }, []string{p.path("device.pem"), p.path("junk")}},
		"key of another":  {func(o *Options) { o.KeyFile = p.path("other.key") }, []string{p.path("other.key"), "does not match"}},
		"key is the cert": {func(o *Options) { o.KeyFile = o.CertFile }, []string{p.path("device.pem")}},
	}
	srv := p.serve(func(http.ResponseWriter, *http.Request) { t.Error("the server was reached") })
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := good
			tt.change(&o)
			g := New(o)
			id, ok := g.Identity()
			require.False(t, ok)
			require.Empty(t, id)
			_, err := g.Get(context.Background(), srv.URL, 10, nil)
			require.ErrorIs(t, err, ErrIdentity)
			require.ErrorIs(t, g.IdentityError(), ErrIdentity)
			for _, want := range tt.want {
				require.ErrorContains(t, err, want)
			}
			require.NotContains(t, err.Error(), "top-secret")
			require.NotContains(t, err.Error(), "\n")
		})
	}
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer plain.Close()
	_, err := New(Options{}).Get(context.Background(), plain.URL, 10, nil)
	require.NoError(t, err, "plain http, as in tests and labs, needs no identity")
}

func TestTLS(t *testing.T) {
	ok := func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte(r.Proto + " " + r.TLS.PeerCertificates[0].Subject.CommonName))
	}
	t.Run("mutual", func(t *testing.T) {
		p := newPKI(t)
		body, err := New(p.device()).Get(context.Background(), p.serve(ok).URL, 100, nil)
		require.NoError(t, err)
		require.Equal(t, "HTTP/1.1 2f7d1a60-uuid", string(body))
	})
	t.Run("server of another CA", func(t *testing.T) {
		p := newPKI(t)
		srv := newPKI(t).serve(ok)
		_, err := noSleep(t, New(p.device()), 0).Get(context.Background(), srv.URL, 100, nil)
		require.ErrorContains(t, err, "unknown authority")
	})
	t.Run("device of another CA", func(t *testing.T) {
		p := newPKI(t)
		srv := p.serve(ok)
		o := newPKI(t).device()
		o.CAFile = p.path("ca.pem")
		_, err := noSleep(t, New(o), 2).Get(context.Background(), srv.URL, 100, nil)
		require.ErrorContains(t, err, "tls: ")
	})
	t.Run("device certificate is shown to a server that names other issuers", func(t *testing.T) {
		p := newPKI(t)
		other := newPKI(t)
		srv := p.serve(ok, func(c *tls.Config) {
			c.ClientAuth = tls.RequireAnyClientCert
			c.ClientCAs.AddCert(other.cert)
		})
		o := other.device()
		o.CAFile = p.path("ca.pem")
		_, err := New(o).Get(context.Background(), srv.URL, 100, nil)
		require.NoError(t, err)
	})
	t.Run("TLS 1.1", func(t *testing.T) {
		p := newPKI(t)
		srv := p.serve(ok, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 })
		_, err := noSleep(t, New(p.device()), 2).Get(context.Background(), srv.URL, 100, nil)
		require.ErrorContains(t, err, "protocol version")
	})
}
