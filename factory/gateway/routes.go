//go:build factory

package gateway

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path"
	"regexp"
	"strings"

	"github.com/sotabox/sotabox/factory/pki"
)

// maxBody is what gateways accept of a request's body.
const maxBody = 100 << 10

var metadataName = regexp.MustCompile(`^([1-9][0-9]*\.(root|snapshot|targets)|timestamp|snapshot|targets)\.json$`)

func (s *Server) routes(o Options) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /repo/{name}", serveMetadata(o.TUFDir))
	mux.HandleFunc("GET /ostree/{path...}", serveOSTree(o.OSTreeDir))
	mux.HandleFunc("POST /ostree/download-urls", func(w http.ResponseWriter, _ *http.Request) {
		// No other place to download from: devices use this one.
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /events", s.reports.postEvents)
	mux.HandleFunc("GET /device", describeDevice(o.Factory))
	for _, pattern := range []string{
		"PUT /system_info", "PUT /system_info/network", "PUT /system_info/config", "POST /apps-states",
	} {
		mux.HandleFunc(pattern, s.reports.keep)
	}
	return mux
}

// requireDevice lets only devices in, and only bodies of a reasonable size.
func requireDevice(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TLS.PeerCertificates) == 0 {
			http.Error(w, "no client certificate provided", http.StatusForbidden)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}

func serveMetadata(dir string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("name")
		switch {
		case r.Header.Get("x-ats-tags") == "":
			http.Error(w, "device sent no tag", http.StatusNotFound)
		case !metadataName.MatchString(name):
			http.Error(w, "not found", http.StatusNotFound)
		default:
			w.Header().Set("Content-Type", "application/json")
			serveFile(w, r, dir, name)
		}
	}
}

func serveOSTree(dir string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("path")
		if path.Clean("/"+name) != "/"+name || strings.HasPrefix(name, ".") {
			http.Error(w, "not found", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		serveFile(w, r, dir, name)
	}
}

func serveFile(w http.ResponseWriter, r *http.Request, dir, name string) {
	f, err := os.OpenInRoot(dir, name)
	if err != nil {
		status := http.StatusInternalServerError
		if errors.Is(err, fs.ErrNotExist) {
			status = http.StatusNotFound
		}
		http.Error(w, http.StatusText(status), status)
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	http.ServeContent(w, r, "", info.ModTime(), f)
}

func describeDevice(factory string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		cert := r.TLS.PeerCertificates[0]
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{
			"Name":    "device-" + cert.Subject.CommonName,
			"uuid":    cert.Subject.CommonName,
			"factory": factory,
			"owner":   "factory",
			"repo_id": factory,
			"is-prod": pki.IsProduction(cert),
		})
	}
}
