package pull

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/sotabox/sotabox/ostreelite/repo"
)

// ErrRemote means that a configured remote is not there, is not complete, or asks
// for something that is not supported.
var ErrRemote = errors.New("unusable remote")

// Configured gives the options to pull from a remote that the configuration of a
// repository names, all but what to pull (ostree.repo-config(5), "[remote]").
//
// A remote must say gpg-verify=false, as its absence means true (as in libostree)
// and PGP is not supported; sign-verify with ed25519 is. Metalinks, lists of
// mirrors and keys in PKCS#11 tokens are refused. All servers are spoken to in
// HTTP/1.1, whatever http2 says. The error is an ErrRemote.
func Configured(r *repo.Repo, name string) (Options, error) {
	c := remoteConfig{keys: r.Config().Keyfile, group: `remote "` + name + `"`}
	o, err := c.options()
	if err != nil {
		return Options{}, classify(fmt.Errorf("remote %.80q of %s: %w", name, r.Path(), err), ErrRemote)
	}
	return o, nil
}

// remoteConfig reads one group of a configuration.
type remoteConfig struct {
	keys  *repo.Keyfile
	group string
}

func (c remoteConfig) get(key string) string {
	v, _ := c.keys.Get(c.group, key)
	return v
}

// flag reads a boolean as GLib has it.
func (c remoteConfig) flag(key string, otherwise bool) (bool, error) {
	switch v := c.get(key); v {
	case "":
		return otherwise, nil
	case "true", "1":
		return true, nil
	case "false", "0":
		return false, nil
	default:
		return false, fmt.Errorf("%s=%.20q is neither true nor false", key, v)
	}
}

func (c remoteConfig) options() (Options, error) {
	o := Options{}
	if why := c.get("unconfigured-state"); why != "" {
		return o, fmt.Errorf("it is not configured: %.200s", why)
	}
	if c.get("metalink") != "" {
		return o, errors.New("metalink is not supported, give it an url")
	}
	remote := Remote{URL: c.get("url"), ContentURL: c.get("contenturl")}
	if remote.URL == "" {
		return o, errors.New("it has no url")
	}
	for _, u := range []string{remote.URL, remote.ContentURL} {
		if strings.HasPrefix(u, "mirrorlist=") {
			return o, errors.New("a list of mirrors is not supported, give it an url")
		}
		if _, err := parseBase(u); u != "" && err != nil {
			return o, err
		}
	}
	pgp, err := c.flag("gpg-verify", true)
	if err != nil {
		return o, err
	}
	if pgp {
		return o, errors.New("gpg-verify is not supported; say gpg-verify=false, and sign-verify=ed25519 to have signatures checked")
	}
	if o.Keys, err = c.verification(); err != nil {
		return o, err
	}
	remote.Client, err = c.client()
	o.Remotes = []Remote{remote}
	return o, err
}

// verification reads the keys of sign-verify, which is a truth or a list of kinds.
func (c remoteConfig) verification() ([]ed25519.PublicKey, error) {
	switch kinds := strings.TrimSuffix(c.get("sign-verify"), ";"); kinds {
	case "", "false", "0":
		return nil, nil
	case "true", "1", "ed25519":
	default:
		return nil, fmt.Errorf("sign-verify=%.40q is not supported, only ed25519 is", kinds)
	}
	texts := []string{c.get("verification-ed25519-key")}
	if file := c.get("verification-ed25519-file"); file != "" {
		data, err := readSmall(file)
		if err != nil {
			return nil, fmt.Errorf("verification-ed25519-file: %w", err)
		}
		texts = append(texts, strings.Split(string(data), "\n")...)
	}
	var keys []ed25519.PublicKey
	for _, text := range texts {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		key, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(key) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("%.60q is no ed25519 key in base64", text)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, errors.New("sign-verify needs verification-ed25519-key or verification-ed25519-file")
	}
	return keys, nil
}

// client makes the client for the remote's TLS and proxy settings.
func (c remoteConfig) client() (*http.Client, error) {
	config, err := c.tls()
	if err != nil {
		return nil, err
	}
	t := NewTransport(config)
	if proxy := c.get("proxy"); proxy != "" {
		u, err := url.Parse(proxy)
		if err != nil || u.Host == "" {
			return nil, errors.New("proxy is no URL")
		}
		t.Proxy = http.ProxyURL(u)
	}
	return &http.Client{Transport: t}, nil
}
