package tuf

import (
	"bytes"
)

// bundleCase is an offline bundle with the release that a device of release 1 has not seen yet.
type bundleCase struct {
	name   string
	do     func(r *testRepo, b *testBundle)
	device func(c *Config, o *BundleOptions)
	want   error
	text   string
}

func production(yes bool) func(*Config, *BundleOptions) {
	return func(c *Config, _ *BundleOptions) { c.Production = &yes }
}

func tagged(tags ...string) func(*Config, *BundleOptions) {
	return func(_ *Config, o *BundleOptions) { o.Tags = tags }
}

func allowUnsigned(_ *Config, o *BundleOptions) { o.AllowUnsigned = true }

// change alters a member of what is signed before it is signed.
func change(member string, value any) func(*testRepo, *testBundle) {
	return func(_ *testRepo, b *testBundle) { b.signed[member] = value; b.sign() }
}

func changeOffline(member string, value any) func(*testRepo, *testBundle) {
	return func(_ *testRepo, b *testBundle) { b.offline()[member] = value; b.sign() }
}

var bundleCases = []bundleCase{
	{"good", nil, nil, nil, ""},
	{"for this type of device", nil, production(false), nil, ""},
	{"for one of several tags", nil, tagged("devel", "main"), nil, ""},
	{"a type that a device without certificate does not mind", changeOffline("type", "prod"), nil, nil, ""},
	{"signatures allowed to miss, but there", nil, allowUnsigned, nil, ""},
	{"extra members", change("x-changelog", "why"), nil, nil, ""},

	{"missing", func(_ *testRepo, b *testBundle) { delete(b.files, bundleFile) }, nil, ErrBundle, "bundle-targets refused: the bundle has no bundle-targets.json"},
	{"missing, which is allowed", func(_ *testRepo, b *testBundle) { delete(b.files, bundleFile) }, allowUnsigned, nil, ""},
	{"unsigned, although missing is allowed", func(_ *testRepo, b *testBundle) { b.keys = nil; b.sign() }, allowUnsigned, ErrBundle, "signed by 0 of 1"},
	{"tampered list", func(_ *testRepo, b *testBundle) { b.replace(bundleFile, "intel-lmp-2", "intel-lmp-9") }, nil, ErrBundle, `the signature with key "targets-key" is bad`},
	{"unknown key besides the good one", func(r *testRepo, b *testBundle) {
		b.keys = append(b.keys, newSigner(r.t, "stray"))
		b.sign()
	}, nil, ErrBundle, `signed with key "stray", which root version 1 does not list for targets`},
	{"key of another role besides the good one", func(r *testRepo, b *testBundle) {
		b.keys = append(b.keys, r.roles[roleSnapshot].keys...)
		b.sign()
	}, nil, ErrBundle, `signed with key "snapshot-key"`},
	{"no key of another role instead", func(r *testRepo, b *testBundle) { b.keys = r.roles[roleRoot].keys; b.sign() }, nil, ErrBundle, `signed with key "root-key"`},
	{"bad signature beside enough good ones", func(r *testRepo, b *testBundle) {
		second := newSigner(r.t, "second")
		r.bump(roleRoot)
		r.roles[roleTargets].keys = append(b.keys, second)
		r.publishRoot()
		b.files["2.root.json"] = r.files["2.root.json"]
		b.keys = append(b.keys, newSigner(r.t, "second"))
		b.sign()
	}, nil, ErrBundle, `bundle-targets version 3 refused: the signature with key "second" is bad`},
	{"threshold not met", func(r *testRepo, b *testBundle) {
		twoOf(r, roleTargets)
		b.files["2.root.json"] = r.files["2.root.json"]
	}, nil, ErrBundle, "signed by 1 of 2 required keys"},
	{"threshold met by one key under two names", func(r *testRepo, b *testBundle) {
		role := r.roles[roleTargets]
		role.keys, role.threshold = append(role.keys, role.keys[0].as("again")), 2
		r.bump(roleRoot)
		r.publishRoot()
		b.files["2.root.json"] = r.files["2.root.json"]
		b.keys = role.keys
		b.sign()
	}, nil, ErrBundle, "signed by 1 of 2 required keys"},
	{"signed twice under one name", func(_ *testRepo, b *testBundle) { b.keys = append(b.keys, b.keys...); b.sign() }, nil, ErrBundle, "signed twice"},
	{"key that a later root in the bundle took away", func(r *testRepo, b *testBundle) {
		r.rotate(roleTargets)
		b.files["2.root.json"] = r.files["2.root.json"]
	}, nil, ErrBundle, `signed with key "targets-key", which root version 2 does not list`},
	{"method of another key type", func(_ *testRepo, b *testBundle) { b.replace(bundleFile, MethodEd25519, MethodRSAPSS) }, nil, ErrBundle, "is bad"},
	{"unknown method", func(_ *testRepo, b *testBundle) { b.replace(bundleFile, MethodEd25519, "none") }, nil, ErrBundle, "unknown signature method"},

	{"expired", change("expires", pastExpiry), nil, ErrBundle, "bundle-targets version 3 refused: expired on 2029-12-31T23:59:59Z"},
	{"expires this second", change("expires", testNow.Format(TimeFormat)), nil, ErrBundle, "expired"},
	{"production bundle, device of the other type", changeOffline("type", "prod"), production(false), ErrBundle, `it is of type "prod" and the device of type "ci"`},
	{"bundle for development, production device", nil, production(true), ErrBundle, `it is of type "ci" and the device of type "prod"`},
	{"production bundle and device", changeOffline("type", "prod"), production(true), nil, ""},
	{"other tag", nil, tagged("devel", "stable"), ErrBundle, `its tag is "main", the device has "devel,stable"`},
	{"tag like another", changeOffline("tag", "Main"), tagged("main"), ErrBundle, `its tag is "Main"`},
	{"no such type", changeOffline("type", "CI"), nil, ErrBundle, `its type is "CI", neither "ci" nor "prod"`},

	{"no JSON", func(_ *testRepo, b *testBundle) { b.files[bundleFile] = []byte("<html>") }, nil, ErrBundle, "not valid JSON"},
	{"a list", func(_ *testRepo, b *testBundle) { b.files[bundleFile] = []byte("[]") }, nil, ErrBundle, "not an object"},
	{"member twice", func(_ *testRepo, b *testBundle) {
		b.replace(bundleFile, `"signed": {`, `"signed": {"version": 1,`)
	}, nil, ErrBundle, "appears twice"},
	{"targets.json in its place", func(_ *testRepo, b *testBundle) { b.files[bundleFile] = b.files["targets.json"] }, nil, ErrBundle, `member "x-fio-offline-bundle"`},
	{"no targets", changeOffline("targets", nil), nil, ErrBundle, `member "targets" of "x-fio-offline-bundle"`},
	{"targets as text", changeOffline("targets", "intel-lmp-2"), nil, ErrBundle, `member "targets"`},
	{"tag as number", changeOffline("tag", 1), nil, ErrBundle, `member "tag"`},
	{"version zero", change("version", 0), nil, ErrBundle, `member "version"`},
	{"no type", change("_type", nil), nil, ErrBundle, `member "_type"`},
	{"expires with a fraction", change("expires", "2031-01-01T00:00:00.0Z"), nil, ErrBundle, `member "expires"`},
	{"endless", func(_ *testRepo, b *testBundle) { b.files[bundleFile] = bytes.Repeat([]byte(" "), maxBundle+1) }, nil, ErrBundle, "larger than 1048576 bytes"},
	{"unreadable", func(_ *testRepo, b *testBundle) { b.fail[bundleFile] = ErrFetch }, nil, ErrBundle, "could not be fetched"},

	{"root that is not the successor", func(r *testRepo, b *testBundle) {
		foreign := newTestRepo(r.t)
		foreign.rotate(roleRoot)
		b.files["2.root.json"] = foreign.files["2.root.json"]
	}, nil, ErrInvalid, "root version 2 refused: signed by 0 of 1 required keys of root version 1"},
	{"all of another factory", func(r *testRepo, b *testBundle) {
		foreign := newTestRepo(r.t)
		foreign.release()
		b.files = foreign.bundle("intel-lmp-2").files
	}, nil, ErrBundle, "the signature with key \"targets-key\" is bad"},
	{"metadata of another factory", func(r *testRepo, b *testBundle) {
		foreign := newTestRepo(r.t)
		foreign.release()
		for _, role := range []string{roleTimestamp, roleSnapshot, roleTargets} {
			b.files[role+".json"] = foreign.files[role+".json"]
		}
	}, nil, ErrInvalid, "timestamp version 2 refused: signed by 0 of 1"},
	{"tampered targets", func(_ *testRepo, b *testBundle) { b.replace("targets.json", "hub.example", "bad.example") }, nil, ErrInvalid, "targets version 2 refused"},
	{"no timestamp", func(_ *testRepo, b *testBundle) { delete(b.files, "timestamp.json") }, nil, ErrNotFound, "timestamp not found"},
	{"no targets.json", func(_ *testRepo, b *testBundle) { delete(b.files, "targets.json") }, nil, ErrNotFound, "targets not found"},
	{"expired timestamp", func(r *testRepo, b *testBundle) {
		r.roles[roleTimestamp].expires = pastExpiry
		r.publishTimestamp()
		b.files["timestamp.json"] = r.files["timestamp.json"]
	}, nil, ErrExpired, "timestamp version 2 refused: expired"},
	{"expired root", func(r *testRepo, b *testBundle) {
		r.roles[roleRoot].expires = pastExpiry
		r.bump(roleRoot)
		r.publishRoot()
		b.files["2.root.json"] = r.files["2.root.json"]
	}, nil, ErrExpired, "root version 2 refused: expired"},
	{"everything expired: the bundle is looked at first", func(r *testRepo, b *testBundle) {
		r.roles[roleTimestamp].expires = pastExpiry
		r.publishTimestamp()
		b.files["timestamp.json"] = r.files["timestamp.json"]
		b.signed["expires"] = pastExpiry
		b.sign()
	}, nil, ErrBundle, "expired"},
}
