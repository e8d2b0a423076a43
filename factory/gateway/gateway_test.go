//go:build factory

package gateway

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/factory/pki"
)

type fixture struct {
	*Server
	t    *testing.T
	dir  string
	ca   *pki.CA
	http *http.Client
}

func start(t *testing.T) *fixture {
	t.Helper()
	dir := t.TempDir()
	ca, err := pki.Create(filepath.Join(dir, "pki"), "acme")
	require.NoError(t, err)
	config, err := ca.ServerTLS()
	require.NoError(t, err)
	for name, text := range map[string]string{
		"tuf/1.root.json":               `{"root":1}`,
		"tuf/timestamp.json":            `{"timestamp":1}`,
		"ostree/config":                 "[core]\nmode=archive-z2\n",
		"ostree/objects/ab/cd.filez":    strings.Repeat("content", 1000),
		"ostree/.lock":                  "",
		"ostree/objects/ab/other.filez": "other",
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	server, err := Start("127.0.0.1:0", Options{
		TUFDir: filepath.Join(dir, "tuf"), OSTreeDir: filepath.Join(dir, "ostree"),
		ReportDir: filepath.Join(dir, "reports"), Factory: "acme", TLS: config, Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	f := &fixture{Server: server, t: t, dir: dir, ca: ca}
	f.http = f.client(true)
	return f
}

func (f *fixture) client(withCertificate bool) *http.Client {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(f.ca.Certificate())
	config := &tls.Config{RootCAs: pool}
	if withCertificate {
		pair, err := f.ca.IssueDevice(pki.Device{UUID: "4711", Factory: "acme"})
		require.NoError(f.t, err)
		cert, err := tls.X509KeyPair(pair.Cert, pair.Key)
		require.NoError(f.t, err)
		config.Certificates = []tls.Certificate{cert}
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config}, Timeout: 5 * time.Second}
}

func (f *fixture) do(method, path, body string, header ...string) (int, string, error) {
	f.t.Helper()
	req, err := http.NewRequest(method, f.URL()+path, strings.NewReader(body))
	require.NoError(f.t, err)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := f.http.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(data), err
}

func TestRoutes(t *testing.T) {
	f := start(t)
	tag := []string{"x-ats-tags", "main"}
	for _, c := range []struct {
		method, path, body string
		header             []string
		status             int
		answer             string
	}{
		{"GET", "/repo/1.root.json", "", tag, 200, `{"root":1}`},
		{"GET", "/repo/1.root.json", "", nil, 404, "device sent no tag\n"},
		{"GET", "/repo/2.root.json", "", tag, 404, "Not Found\n"},
		{"GET", "/repo/root.json", "", tag, 404, "not found\n"},
		{"GET", "/ostree/config", "", nil, 200, "[core]\nmode=archive-z2\n"},
		{"GET", "/ostree/.lock", "", nil, 404, "not found\n"},
		{"GET", "/ostree/objects", "", nil, 404, "not found\n"},
		{"GET", "/ostree/%2e%2e/tuf/1.root.json", "", nil, 404, "not found\n"},
		{"POST", "/ostree/download-urls", "", nil, 204, ""},
		{"PUT", "/system_info", "{}", nil, 200, ""},
		{"PUT", "/system_info/network", "{}", nil, 200, ""},
		{"POST", "/apps-states", "{}", nil, 200, ""},
		{"POST", "/events", "no json", nil, 400, "events: invalid character 'o' in literal null (expecting 'u')\n"},
		{"PUT", "/system_info", strings.Repeat("x", maxBody+1), nil, 413, "http: request body too large\n"},
	} {
		status, answer, err := f.do(c.method, c.path, c.body, c.header...)
		require.NoError(t, err, c.path)
		require.Equal(t, c.status, status, c.path)
		require.Equal(t, c.answer, answer, c.path)
	}
	_, answer, err := f.do("GET", "/device", "")
	require.NoError(t, err)
	require.Contains(t, answer, `"uuid":"4711"`)
}

func TestDevicesNeedACertificate(t *testing.T) {
	f := start(t)
	f.http = f.client(false)
	status, _, err := f.do("GET", "/ostree/config", "")
	require.NoError(t, err)
	require.Equal(t, http.StatusForbidden, status)
}

func TestEventsAndRequestsAreKept(t *testing.T) {
	f := start(t)
	_, _, err := f.do("POST", "/events", `[{"id":"1","eventType":{"id":"EcuDownloadStarted"},"event":{"correlationId":"2-x","success":true}}]`)
	require.NoError(t, err)
	require.Len(t, f.Events(), 1)
	require.Equal(t, "EcuDownloadStarted", f.Events()[0].EventType.ID)
	require.True(t, *f.Events()[0].Event.Success)
	require.FileExists(t, filepath.Join(f.dir, "reports/events.log"))

	require.Len(t, f.Requests(), 1)
	require.Equal(t, "/events", f.Requests()[0].Path)
	require.Equal(t, "4711", f.Requests()[0].Device)
	require.Equal(t, http.StatusOK, f.Requests()[0].Status)
	f.ForgetRequests()
	require.Empty(t, f.Requests())
}

func TestFaults(t *testing.T) {
	f := start(t)
	const object = "/ostree/objects/ab/cd.filez"
	good := strings.Repeat("content", 1000)

	require.NoError(t, f.Inject(Fault{Path: "/ostree/objects/*/cd.filez", Status: 503, Skip: 1, Count: 1}))
	for _, want := range []int{200, 503, 200} {
		status, _, err := f.do("GET", object, "")
		require.NoError(t, err)
		require.Equal(t, want, status)
	}

	require.NoError(t, f.Inject(Fault{Path: object, Corrupt: true}))
	_, answer, err := f.do("GET", object, "")
	require.NoError(t, err)
	require.Len(t, answer, len(good))
	require.NotEqual(t, good, answer)
	f.Heal()

	require.NoError(t, f.Inject(Fault{Path: "/ostree/objects/*/*.filez", Swap: true}))
	for _, path := range []string{object, "/ostree/objects/ab/other.filez"} {
		_, answer, err = f.do("GET", path, "")
		require.NoError(t, err)
		require.Equal(t, good, answer)
	}
	f.Heal()

	require.NoError(t, f.Inject(Fault{Path: object, Truncate: true}))
	_, answer, err = f.do("GET", object, "")
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Equal(t, good[:len(good)/2], answer)
	f.Heal()

	require.NoError(t, f.Inject(Fault{Path: object, Cut: true}))
	_, _, err = f.do("GET", object, "")
	require.Error(t, err)
	f.Heal()

	require.NoError(t, f.Inject(Fault{Path: object, Hang: true}))
	f.http.Timeout = 200 * time.Millisecond
	_, _, err = f.do("GET", object, "")
	require.Error(t, err)
	f.Heal()

	f.http.Timeout = 5 * time.Second
	_, answer, err = f.do("GET", object, "")
	require.NoError(t, err)
	require.Equal(t, good, answer)
	require.Error(t, f.Inject(Fault{Path: "["}))
	require.Error(t, f.Inject(Fault{Path: "/"}))
}
