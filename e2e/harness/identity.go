//go:build factory

package harness

import (
	"os"
	"path/filepath"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sotabox/sotabox/factory/pki"
)

// identityCommand replaces the device's certificates. KIND is
//
//	stranger    a certificate of another authority than the gateway's
//	expired     the right authority's, but expired
//	mistrust    the device trusts another authority than the gateway's
//	none        no certificate at all
//	garbage     a file that is no certificate
func identityCommand(ts *testscript.TestScript, args []string) {
	w := worldOf(ts)
	storage := w.device(ts).Storage()
	own, err := pki.Open(filepath.Join(w.factoryDir(ts), "pki"))
	ts.Check(err)
	switch args[0] {
	case "stranger":
		writeIdentity(ts, storage, strangeAuthority(ts), time.Time{})
	case "expired":
		writeIdentity(ts, storage, own, time.Now().Add(-time.Hour))
	case "mistrust":
		writeFile(ts, storage, "root.crt", strangeAuthority(ts).Certificate())
	case "none":
		for _, name := range []string{"client.pem", "pkey.pem"} {
			ts.Check(os.Remove(filepath.Join(storage, name)))
		}
	case "garbage":
		writeFile(ts, storage, "client.pem", []byte("no certificate\n"))
	default:
		ts.Fatalf("unknown kind of identity %s", args[0])
	}
}

func strangeAuthority(ts *testscript.TestScript) *pki.CA {
	dir, err := os.MkdirTemp(ts.MkAbs("."), "stranger-")
	ts.Check(err)
	ca, err := pki.Create(dir, "stranger")
	ts.Check(err)
	return ca
}

func writeIdentity(ts *testscript.TestScript, storage string, ca *pki.CA, notAfter time.Time) {
	pair, err := ca.IssueDevice(pki.Device{UUID: "4711", Factory: "demo-factory", NotAfter: notAfter})
	ts.Check(err)
	writeFile(ts, storage, "client.pem", pair.Cert)
	writeFile(ts, storage, "pkey.pem", pair.Key)
}

func writeFile(ts *testscript.TestScript, dir, name string, data []byte) {
	ts.Check(os.WriteFile(filepath.Join(dir, name), data, 0o600))
}
