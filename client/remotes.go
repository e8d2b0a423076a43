package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/sotabox/sotabox/internal/gateway"
	"github.com/sotabox/sotabox/ostreelite/pull"
)

const (
	// maxDownloadURLs is the largest answer with places to download from, in bytes.
	maxDownloadURLs = 64 << 10
	// maxPlaces is how many of them are tried.
	maxPlaces = 8
)

// remotes is where to pull from: the places that the gateway names, if it does,
// then the gateway itself, which has to do when the others fail.
func (c *Client) remotes(ctx context.Context) []pull.Remote {
	server := c.config.Pacman.OSTreeServer
	self := pull.Remote{URL: server, Client: c.gateway.HTTPClient()}
	answer, err := c.gateway.Do(ctx, gateway.Request{Method: http.MethodPost, URL: server + "/download-urls",
		Body: []byte("null"), ContentType: "application/json", Limit: maxDownloadURLs})
	var places []pull.Remote
	if err == nil && len(answer) > 0 {
		places, err = parsePlaces(answer, server)
	}
	if err != nil {
		level := slog.LevelWarn
		if status, ok := errors.AsType[*gateway.StatusError](err); ok && status.Code == http.StatusNotFound {
			level = slog.LevelDebug // It knows of no such thing.
		}
		c.log.Log(ctx, level, "no other place to download from, pulling from the gateway", "error", err)
	}
	// They are no gateways: they get no device certificate, and theirs is one that
	// the system's CAs vouch for.
	client := &http.Client{Transport: pull.NewTransport(nil)}
	for i := range places {
		places[i].Client = client
	}
	return append(places, self)
}

// parsePlaces reads the answer of download-urls. A place that would be sent its
// token in the clear is refused, unless the gateway itself, in a test bench, is
// spoken to in the clear.
func parsePlaces(answer []byte, server string) ([]pull.Remote, error) {
	var list []struct {
		URL   string `json:"download_url"`
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(answer, &list); err != nil {
		// The error's text may have a part of a token.
		return nil, errors.New("the answer of download-urls is not the expected JSON")
	}
	var places []pull.Remote
	for _, e := range list[:min(len(list), maxPlaces)] {
		u, err := url.Parse(e.URL)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return nil, errors.New("download-urls names a place that is no URL")
		}
		if s, err := url.Parse(server); u.Scheme != "https" && (err != nil || s.Scheme == "https") {
			return nil, fmt.Errorf("download-urls names a place without TLS: %s", u.Host)
		}
		place := pull.Remote{URL: e.URL}
		if e.Token != "" {
			place.Header = http.Header{"Authorization": {"Bearer " + e.Token}}
		}
		places = append(places, place)
	}
	return places, nil
}
