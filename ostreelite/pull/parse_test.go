package pull

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/binary"
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sotabox/sotabox/ostreelite/object"
	"github.com/sotabox/sotabox/ostreelite/repo"
)

func TestRemoteConfig(t *testing.T) {
	for _, tc := range []struct {
		config string
		ok     bool
	}{
		{"[core]\nrepo_version=1\nmode=archive-z2\n", true},
		{"# hello\n\n[remote \"x\"]\nmode=bare\n[core]\nmode = archive\n", true},
		{"[core]\r\nmode=archive-z2\r\n", true},
		{"[core]\nmode=bare\n", false},
		{"[core]\nrepo_version=1\n", false},
		{"[other]\nmode=archive\n", false},
		{"mode=archive\n", false},
		{"[core\nmode=archive\n", false},
		{"<html><body>mode=archive</body></html>", false},
		{"", false},
		{"\x00\xff\x00", false},
	} {
		err := checkRemoteConfig([]byte(tc.config))
		require.Equal(t, tc.ok, err == nil, "%q: %v", tc.config, err)
	}
}

func FuzzRemoteConfig(f *testing.F) {
	f.Add([]byte("[core]\nmode=archive-z2\n"))
	f.Add([]byte("[core\n=\n"))
	f.Fuzz(func(t *testing.T, config []byte) {
		if checkRemoteConfig(config) == nil && !bytes.Contains(config, []byte("archive")) {
			t.Fatalf("%q passed", config)
		}
	})
}

func sizeEntry(c object.Checksum, archived, unpacked uint64, kind ...byte) []byte {
	b := binary.AppendUvarint(c[:], archived)
	return append(binary.AppendUvarint(b, unpacked), kind...)
}

func TestParseSize(t *testing.T) {
	c := sum(7)
	s, err := parseSize(sizeEntry(c, 300, 70000, 2))
	require.NoError(t, err)
	require.Equal(t, objectSize{object.Name{Type: object.TypeDirTree, Checksum: c}, 300, 70000}, s)
	s, err = parseSize(sizeEntry(c, 1, 2))
	require.NoError(t, err)
	require.Equal(t, object.TypeFile, s.name.Type)

	for _, bad := range [][]byte{nil, c[:], sizeEntry(c, 1, 2, 0), sizeEntry(c, 1, 2, 4), sizeEntry(c, 1, 2, 9),
		append(c[:], 0x80, 0x80), append(c[:], bytes.Repeat([]byte{0xff}, 30)...)} {
		_, err := parseSize(bad)
		require.ErrorIs(t, err, errSizes, "%x", bad)
	}
}

func FuzzParseSize(f *testing.F) {
	f.Add(sizeEntry(sum(1), 12, 345, 1))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, entry []byte) {
		s, err := parseSize(entry)
		if err == nil && !bytes.HasPrefix(entry, s.name.Checksum[:]) {
			t.Fatal("checksum is not the entry's")
		}
	})
}

func deflate(data []byte) []byte {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, 6)
	w.Write(data)
	w.Close()
	return b.Bytes()
}

func TestAttempts(t *testing.T) {
	transient := classify(errors.New("x"), ErrFetch, errTransient)
	corrupt := classify(errors.New("x"), repo.ErrCorrupt)
	for _, tc := range []struct {
		name string
		err  error
		want int
	}{
		{"transient", transient, maxTries},
		{"corrupt", corrupt, maxCorrupt},
		{"not found", classify(errors.New("x"), ErrNotFound), 1},
		{"forbidden", classify(errors.New("x"), ErrFetch), 1},
		{"no space", repo.ErrNoSpace, 1},
		{"cancelled", context.Canceled, 1},
	} {
		var a attempts
		n := 1
		for again, _ := a.next(tc.err); again; again, _ = a.next(tc.err) {
			n++
		}
		require.Equal(t, tc.want, n, tc.name)
	}
	d := delay(time.Second, 3, transient)
	require.InDelta(t, 8*time.Second, d, float64(2*time.Second))
	asked := classify(&statusError{code: 429, after: 20 * time.Second}, errTransient)
	require.Equal(t, 20*time.Second, delay(time.Second, 0, asked))
}

func TestCheckRedirect(t *testing.T) {
	for _, tc := range []struct {
		from, to string
		ok       bool
	}{
		{"http://a/x", "http://a/y", true},
		{"http://a/x", "https://a/y", true},
		{"https://a/x", "http://a/y", false},
		{"https://a/x", "https://b/x", false},
		{"https://a/x", "https://a:444/x", false},
	} {
		from, _ := url.Parse(tc.from)
		to, _ := url.Parse(tc.to)
		err := checkRedirect(&http.Request{URL: to}, []*http.Request{{URL: from}})
		require.Equal(t, tc.ok, err == nil, "%s to %s", tc.from, tc.to)
	}
}

func TestObjectPath(t *testing.T) {
	c := object.Sum([]byte("x"))
	require.Equal(t, "objects/2d/711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881.filez",
		objectPath(object.Name{Type: object.TypeFile, Checksum: c}))
	require.Equal(t, "objects/2d/711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881.dirmeta",
		objectPath(object.Name{Type: object.TypeDirMeta, Checksum: c}))
}

func TestParseBase(t *testing.T) {
	for _, bad := range []string{"", "ftp://a/b", "/repo", "http://", "http://%zz"} {
		_, err := parseBase(bad)
		require.ErrorIs(t, err, ErrFetch, bad)
	}
	u, err := parseBase("https://user:secret@host/a/repo?token=secret#frag")
	require.NoError(t, err)
	require.NotContains(t, (&httpSource{base: u}).String(), "secret")
}
