package tuf

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// attack is something that happens to a repository after a device trusts its release 1, or 5 where versions have to go
// back. A want of nil means that it is no attack and the device must follow.
type attack struct {
	name string
	do   func(r *testRepo)
	want error
	text string
}

var attacks = []attack{
	// Freshness.
	{"nothing happens", func(r *testRepo) {}, nil, ""},
	{"a new release", func(r *testRepo) { r.release() }, nil, ""},
	{"expired timestamp", func(r *testRepo) { r.roles[roleTimestamp].expires = pastExpiry; r.release() }, ErrExpired, "timestamp version 6 refused: expired on 2029-12-31T23:59:59Z"},
	{"expired snapshot", func(r *testRepo) { r.roles[roleSnapshot].expires = pastExpiry; r.release() }, ErrExpired, "snapshot version 6 refused: expired"},
	{"expired targets", func(r *testRepo) { r.roles[roleTargets].expires = pastExpiry; r.release() }, ErrExpired, "targets version 6 refused: expired"},
	{"expired root", func(r *testRepo) { r.roles[roleRoot].expires = pastExpiry; r.bump(roleRoot); r.publishRoot() }, ErrExpired, "root version 2 refused: expired"},
	{"expires this second", func(r *testRepo) {
		r.roles[roleTimestamp].expires = testNow.Format(TimeFormat)
		r.release()
	}, ErrExpired, "timestamp version 6"},
	{"expires in a second", func(r *testRepo) {
		r.roles[roleTimestamp].expires = testNow.Add(time.Second).Format(TimeFormat)
		r.release()
	}, nil, ""},
	{"expired root between good ones", func(r *testRepo) {
		r.roles[roleRoot].expires = pastExpiry
		r.bump(roleRoot)
		r.publishRoot()
		r.roles[roleRoot].expires = goodExpiry
		r.bump(roleRoot)
		r.publishRoot()
	}, nil, ""},

	// Rollback.
	{"older timestamp", func(r *testRepo) { r.roles[roleTimestamp].version = 4; r.publishTimestamp() }, ErrRollback, "timestamp version 4 refused: older than version 5, which is trusted"},
	{"older snapshot under a newer timestamp", func(r *testRepo) {
		r.bump(roleTimestamp)
		r.roles[roleSnapshot].version = 4
		r.publishSnapshot()
		r.publishTimestamp()
	}, ErrRollback, "timestamp version 6 refused: it names snapshot version 4, version 5 is trusted"},
	{"older targets under a newer snapshot", func(r *testRepo) {
		r.bump(roleTimestamp, roleSnapshot)
		r.roles[roleTargets].version = 4
		r.republish()
	}, ErrRollback, "snapshot version 6 refused: it names targets version 4, version 5 is trusted"},
	{"older timestamp after an unrelated root rotation", func(r *testRepo) {
		r.rotate(roleRoot)
		r.roles[roleTimestamp].version = 4
		r.publishTimestamp()
	}, ErrRollback, "timestamp version 4"},
	{"older timestamp after its role got a second key", func(r *testRepo) {
		r.bump(roleRoot)
		r.roles[roleTimestamp].keys = append(r.roles[roleTimestamp].keys, newSigner(r.t, "spare"))
		r.publishRoot()
		r.roles[roleTimestamp].version = 4
		r.publishTimestamp()
	}, ErrRollback, "timestamp version 4"},
	{"older timestamp after its threshold was raised", func(r *testRepo) {
		ts := r.roles[roleTimestamp]
		ts.threshold = 2 // the stored timestamp has one signature; the role has the same key under two names
		ts.keys = append(ts.keys, ts.keys[0].as("again"))
		r.bump(roleRoot)
		r.publishRoot()
		ts.version = 4
		r.publishTimestamp()
	}, ErrInvalid, "timestamp version 4 refused: signed by 1 of 2"},
	{"older targets after the snapshot keys changed", func(r *testRepo) {
		r.rotate(roleSnapshot)
		r.bump(roleTimestamp, roleSnapshot)
		r.roles[roleTargets].version = 4
		r.republish()
	}, ErrRollback, "names targets version 4"},

	// Recovery from a fast-forward attack.
	{"timestamp restarts with new keys", func(r *testRepo) {
		r.rotate(roleTimestamp)
		r.roles[roleTimestamp].version = 1
		r.publishTimestamp()
	}, nil, ""},
	{"snapshot restarts with new keys", func(r *testRepo) {
		r.rotate(roleSnapshot)
		r.bump(roleTimestamp)
		r.roles[roleSnapshot].version = 1
		r.publishSnapshot()
		r.publishTimestamp()
	}, nil, ""},
	{"targets restart with new keys", func(r *testRepo) {
		r.rotate(roleTargets)
		r.bump(roleTimestamp, roleSnapshot)
		r.roles[roleTargets].version = 1
		r.republish()
	}, nil, ""},
	{"old targets after their threshold was raised", func(r *testRepo) {
		role := r.roles[roleTargets]
		role.threshold, role.keys = 2, append(role.keys, role.keys[0].as("again")) // the same set of keys
		r.bump(roleRoot)
		r.publishRoot()
	}, ErrInvalid, "targets version 5 refused: signed by 1 of 2 required keys"},
	{"old targets with their old keys after they changed", func(r *testRepo) { r.rotate(roleTargets) }, ErrInvalid, "targets version 5 refused: signed by 0 of 1 required keys"},
	{"old timestamp with its old keys after they changed", func(r *testRepo) { r.rotate(roleTimestamp) }, ErrInvalid, "timestamp version 5 refused: signed by 0 of 1 required keys"},

	// Same version.
	{"timestamp of the same version, later expiry", func(r *testRepo) {
		r.roles[roleTimestamp].expires = "2032-01-01T00:00:00Z"
		r.publishTimestamp()
	}, nil, ""},
	{"timestamp of the same version, earlier expiry", func(r *testRepo) {
		r.roles[roleTimestamp].expires = "2030-06-01T00:00:00Z"
		r.publishTimestamp()
	}, ErrInvalid, "differs from the trusted document of the same version and does not expire later"},
	{"timestamp of the same version, other content", func(r *testRepo) {
		r.edit(roleTimestamp, func(s map[string]any) { s["x"] = 1 })
	}, ErrInvalid, "timestamp version 5 refused: differs"},
	{"snapshot of the same version, other content", func(r *testRepo) {
		r.edit(roleSnapshot, func(s map[string]any) { s["x"] = 1 })
		r.bump(roleTimestamp)
		r.publishTimestamp()
	}, ErrInvalid, "snapshot version 5 refused: differs"},
	{"targets of the same version, other content", func(r *testRepo) {
		r.targets["evil"] = testTarget(99)
		r.bump(roleTimestamp, roleSnapshot)
		r.republish()
	}, ErrInvalid, "targets version 5 refused: differs"},
	{"targets of the same version, other content, later expiry", func(r *testRepo) {
		r.targets["evil"] = testTarget(99)
		r.roles[roleTargets].expires = "2032-01-01T00:00:00Z"
		r.bump(roleTimestamp, roleSnapshot)
		r.republish()
	}, ErrInvalid, "targets version 5 refused: differs"},
	{"targets of the same version, signed again with a new key", func(r *testRepo) {
		r.rotate(roleTargets)
		r.bump(roleTimestamp, roleSnapshot)
		r.republish()
	}, nil, ""},

	// Mix and match.
	{"targets not what the snapshot names", func(r *testRepo) {
		r.release()
		r.targets["evil"] = testTarget(99)
		r.publishTargets()
	}, ErrInvalid, "targets version 6 refused: its canonical length is"},
	{"targets of another version than the snapshot names", func(r *testRepo) {
		r.release()
		r.bump(roleTargets)
		r.publishTargets()
	}, ErrInvalid, "targets version 7 refused: the snapshot names version 6"},
	{"snapshot not what the timestamp names", func(r *testRepo) {
		r.release()
		r.edit(roleSnapshot, func(s map[string]any) { s["version"] = 6; s["expires"] = "2031-01-01T00:00:01Z" })
	}, ErrInvalid, "snapshot version 6 refused: its sha256 is"},
	{"snapshot of another version than the timestamp names", func(r *testRepo) {
		r.release()
		r.bump(roleSnapshot)
		r.publishSnapshot()
	}, ErrInvalid, "snapshot version 7 refused: the timestamp names version 6"},
	{"snapshot whose signatures the timestamp does not know", func(r *testRepo) {
		r.roles[roleSnapshot].keys[0] = newRSASigner(r.t, "rsa", 2048)
		r.bump(roleRoot)
		r.publishRoot()
		r.release()
		r.publishSnapshot() // PSS is salted: another signature each time
	}, ErrInvalid, "snapshot version 6 refused: its sha256 is"},
	{"wrong length with the right hash", func(r *testRepo) {
		r.release()
		r.edit(roleTimestamp, func(s map[string]any) { metaOf(s, "snapshot.json")["length"] = 7 })
	}, ErrInvalid, "the timestamp says 7"},
	{"wrong sha512 beside the right sha256", func(r *testRepo) {
		r.release()
		r.edit(roleTimestamp, func(s map[string]any) {
			metaOf(s, "snapshot.json")["hashes"].(map[string]any)["sha512"] = strings.Repeat("00", 64)
		})
	}, ErrInvalid, "its sha512 is"},
	{"timestamp in place of the snapshot", func(r *testRepo) { r.release(); r.files["snapshot.json"] = r.files["timestamp.json"] }, ErrInvalid, `its type is "Timestamp", not "Snapshot"`},
	{"targets key signs a timestamp", func(r *testRepo) {
		r.bump(roleTimestamp)
		r.roles[roleTimestamp].keys = r.roles[roleTargets].keys
		r.publishTimestamp()
	}, ErrInvalid, "timestamp version 6 refused: signed by 0 of 1 required keys"},

	// Signatures.
	{"no signature", func(r *testRepo) { r.roles[roleTimestamp].keys = nil; r.release() }, ErrInvalid, "signed by 0 of 1 required keys"},
	{"unknown key", func(r *testRepo) {
		r.roles[roleTimestamp].keys = []*signer{newSigner(r.t, "stranger")}
		r.release()
	}, ErrInvalid, "signed by 0 of 1 required keys"},
	{"unknown key under a known name", func(r *testRepo) {
		r.roles[roleTimestamp].keys = []*signer{newSigner(r.t, "timestamp-key")}
		r.release()
	}, ErrInvalid, "signed by 0 of 1 required keys"},
	{"unknown key besides the known one", func(r *testRepo) {
		r.roles[roleTimestamp].keys = append(r.roles[roleTimestamp].keys, newSigner(r.t, "stranger"))
		r.release()
	}, nil, ""},
	{"bad signature of one key, good one of another", func(r *testRepo) {
		r.bump(roleRoot)
		r.roles[roleTimestamp].keys = append(r.roles[roleTimestamp].keys, newSigner(r.t, "second"))
		r.publishRoot()
		r.roles[roleTimestamp].keys[1] = newSigner(r.t, "second")
		r.release()
	}, nil, ""},
	{"tampered version", func(r *testRepo) { r.replace("timestamp.json", `"version": 5`, `"version": 6`) }, ErrInvalid, "signed by 0 of 1 required keys"},
	{"tampered target", func(r *testRepo) { r.release(); r.replace("targets.json", "abab", "abac") }, ErrInvalid, "signed by 0 of 1 required keys"},
	{"tampered extra member", func(r *testRepo) {
		r.rootTo["x-changelog"] = "first"
		r.bump(roleRoot)
		r.publishRoot()
		r.replace("2.root.json", "first", "other")
	}, ErrInvalid, "root version 2 refused: signed by 0 of 1"},
	{"extra member", func(r *testRepo) { r.rootTo["x-changelog"] = "grüße\n😀 \u2028"; r.bump(roleRoot); r.publishRoot() }, nil, ""},
	{"not base64", func(r *testRepo) { r.release(); r.replace("timestamp.json", `"sig": "`, `"sig": "!`) }, ErrInvalid, "signed by 0 of 1"},
	{"truncated signature", func(r *testRepo) {
		r.bump(roleTimestamp)
		s := r.header(roleTimestamp)
		s["meta"] = r.meta(roleSnapshot)
		r.files["timestamp.json"] = r.envelope(s)
		r.replace("timestamp.json", `[]`, `[{"keyid":"timestamp-key","method":"ed25519","sig":"AAAA"}]`)
	}, ErrInvalid, "signed by 0 of 1"},
	{"signature by the method of another key type", func(r *testRepo) { r.release(); r.replace("timestamp.json", `"ed25519"`, `"rsassa-pss"`) }, ErrInvalid, "signed by 0 of 1"},
	{"unknown method", func(r *testRepo) { r.release(); r.replace("timestamp.json", `"ed25519"`, `"rot13"`) }, ErrInvalid, `unknown signature method "rot13"`},
	{"unknown method of a key nobody knows", func(r *testRepo) {
		s := newSigner(r.t, "stranger")
		r.roles[roleTimestamp].keys = append(r.roles[roleTimestamp].keys, s)
		s.method = "none"
		r.release()
	}, ErrInvalid, "unknown signature method"},
	{"method in capitals", func(r *testRepo) { r.release(); r.replace("timestamp.json", `"ed25519"`, `"ED25519"`) }, nil, ""},
	{"same key twice", func(r *testRepo) {
		r.roles[roleTimestamp].keys = append(r.roles[roleTimestamp].keys, r.roles[roleTimestamp].keys[0])
		r.release()
	}, ErrInvalid, `signed twice by key "timestamp-key"`},

	// Thresholds.
	{"one of two", func(r *testRepo) { twoOf(r, roleTargets); r.release() }, nil, ""},
	{"one of two missing", func(r *testRepo) {
		twoOf(r, roleTargets)
		r.roles[roleTargets].keys = r.roles[roleTargets].keys[:1]
		r.release()
	}, ErrInvalid, "targets version 6 refused: signed by 1 of 2 required keys"},
	{"one key under two names", func(r *testRepo) {
		ts := r.roles[roleTargets]
		ts.threshold, ts.keys = 2, []*signer{ts.keys[0], ts.keys[0].as("alias")}
		r.bump(roleRoot)
		r.publishRoot()
		r.release()
	}, ErrInvalid, "signed by 1 of 2 required keys"},
	{"one key under two spellings", func(r *testRepo) {
		twoOf(r, roleTargets)
		keys := r.roles[roleTargets].keys
		keys[1] = keys[0].as(keys[1].id)
		r.edit(roleRoot, func(s map[string]any) {
			value := keys[0].public(r.t)["keyval"].(map[string]any)
			s["keys"].(map[string]any)[keys[1].id] = map[string]any{"keytype": "ed25519", "keyval": map[string]any{"public": strings.ToUpper(value["public"].(string))}}
		})
		r.release()
	}, ErrInvalid, "signed by 1 of 2 required keys"},
	{"threshold zero", func(r *testRepo) { r.roles[roleTargets].threshold = 0; r.bump(roleRoot); r.publishRoot() }, ErrInvalid, `role targets: member "threshold"`},
	{"negative threshold", func(r *testRepo) { r.roles[roleTargets].threshold = -1; r.bump(roleRoot); r.publishRoot() }, ErrInvalid, `member "threshold"`},
	{"more required than there are keys", func(r *testRepo) { r.roles[roleTargets].threshold = 3; r.bump(roleRoot); r.publishRoot(); r.release() }, ErrInvalid, "signed by 1 of 3 required keys"},

	// Root rotation.
	{"rotated root key", func(r *testRepo) { r.rotate(roleRoot) }, nil, ""},
	{"every role rotated, three roots at once", func(r *testRepo) {
		for _, role := range []string{roleRoot, roleTimestamp, roleTargets, roleSnapshot, roleRoot} {
			r.rotate(role)
		}
		r.release()
	}, nil, ""},
	{"root signed by the new key only", func(r *testRepo) {
		r.bump(roleRoot)
		r.roles[roleRoot].keys = []*signer{newSigner(r.t, "new")}
		r.publishRoot()
	}, ErrInvalid, "root version 2 refused: signed by 0 of 1 required keys of root version 1"},
	{"root signed by the old key only", func(r *testRepo) {
		old := r.roles[roleRoot].keys
		r.bump(roleRoot)
		r.roles[roleRoot].keys = []*signer{newSigner(r.t, "new")}
		root := r.root()
		r.files["2.root.json"] = r.envelope(root, old...)
	}, ErrInvalid, "root version 2 refused: signed by 0 of 1 required keys"},
	{"root that raises its threshold, old one met", func(r *testRepo) { twoOf(r, roleRoot) }, nil, ""},
	{"root that raises its threshold, not met", func(r *testRepo) {
		twoOf(r, roleRoot)
		r.files["2.root.json"] = r.envelope(r.root(), r.roles[roleRoot].keys[0])
	}, ErrInvalid, "root version 2 refused: signed by 1 of 2 required keys"},
	{"root that lowers its threshold, old one not met", func(r *testRepo) {
		twoOf(r, roleRoot)
		root := r.roles[roleRoot]
		root.threshold, root.keys = 1, root.keys[:1]
		r.bump(roleRoot)
		r.publishRoot()
	}, ErrInvalid, "root version 3 refused: signed by 1 of 2 required keys of root version 2"},
	{"root that lowers its threshold, old one met", func(r *testRepo) {
		twoOf(r, roleRoot)
		root := r.roles[roleRoot]
		second := root.keys[1]
		root.threshold, root.keys = 1, root.keys[:1]
		r.bump(roleRoot)
		r.publishRoot(second)
	}, nil, ""},
	{"root version skipped inside", func(r *testRepo) {
		r.bump(roleRoot, roleRoot)
		r.publishRoot()
		r.files["2.root.json"] = r.files["3.root.json"]
	}, ErrInvalid, "root version 3 refused: it must be version 2"},
	{"old root under the next name", func(r *testRepo) { r.files["2.root.json"] = r.files["1.root.json"] }, ErrInvalid, "root version 1 refused: it must be version 2"},
	{"next root missing, later one there", func(r *testRepo) {
		r.rotate(roleRoot)
		delete(r.files, "2.root.json")
		r.rotate(roleRoot)
	}, nil, ""},
	{"root of the other dialect", func(r *testRepo) { r.files["2.root.json"] = standardRootBytes(r.t, 2) }, ErrInvalid, "root"},
	{"root with an unknown key type", func(r *testRepo) {
		r.bump(roleRoot)
		r.publishRoot()
		r.edit(roleRoot, func(s map[string]any) {
			s["keys"].(map[string]any)["x"] = map[string]any{"keytype": "DSA", "keyval": map[string]any{"public": "00"}}
		})
	}, ErrInvalid, `unknown key type "DSA"`},
	{"root with a short RSA key", func(r *testRepo) {
		r.bump(roleRoot)
		r.roles[roleTargets].keys = append(r.roles[roleTargets].keys, weakRSA(r.t))
		r.publishRoot()
	}, ErrInvalid, "an RSA key has 1024 bits"},
	{"root without a role", func(r *testRepo) {
		r.bump(roleRoot)
		r.publishRoot()
		r.edit(roleRoot, func(s map[string]any) { delete(s["roles"].(map[string]any), "snapshot") })
	}, ErrInvalid, "role snapshot"},

	// The source.
	{"network error at the next root", func(r *testRepo) { r.fail["2.root.json"] = errors.New("connection\nreset") }, ErrFetch, "root version 2 could not be fetched: connection reset"},
	{"server error at the timestamp", func(r *testRepo) { r.fail["timestamp.json"] = fmt.Errorf("%w: HTTP status 500", ErrFetch) }, ErrFetch, "timestamp could not be fetched: HTTP status 500"},
	{"no timestamp", func(r *testRepo) { delete(r.files, "timestamp.json") }, ErrNotFound, "timestamp not found: HTTP status 404"},
	{"no snapshot", func(r *testRepo) { r.release(); delete(r.files, "snapshot.json") }, ErrNotFound, "snapshot not found"},
	{"no targets", func(r *testRepo) { r.release(); delete(r.files, "targets.json") }, ErrNotFound, "targets not found"},
	{"endless root", func(r *testRepo) { r.files["2.root.json"] = bytes.Repeat([]byte(" "), 65<<10) }, ErrInvalid, "root version 2 refused: larger than 65536 bytes"},
	{"endless timestamp", func(r *testRepo) { r.files["timestamp.json"] = bytes.Repeat([]byte("["), 65<<10) }, ErrInvalid, "timestamp refused: larger than 65536 bytes"},
	{"endless snapshot", func(r *testRepo) { r.release(); r.files["snapshot.json"] = make([]byte, 65<<10) }, ErrInvalid, "snapshot refused: larger than 65536 bytes"},
	{"endless targets", func(r *testRepo) { r.release(); r.files["targets.json"] = make([]byte, 8<<20+1) }, ErrInvalid, "targets refused: larger than 8388608 bytes"},

	// Form.
	{"empty file", func(r *testRepo) { r.files["timestamp.json"] = nil }, ErrInvalid, "timestamp refused: not valid JSON"},
	{"a page in place of the next root", func(r *testRepo) { r.files["2.root.json"] = []byte("<html>") }, ErrInvalid, "root refused: not valid JSON"},
	{"null", func(r *testRepo) { r.files["timestamp.json"] = []byte("null") }, ErrInvalid, "not an object"},
	{"no signed part", func(r *testRepo) { r.files["timestamp.json"] = []byte(`{"signatures":[]}`) }, ErrInvalid, `"signed"`},
	{"no signatures member", func(r *testRepo) { r.replace("timestamp.json", `"signatures"`, `"Signatures"`) }, ErrInvalid, `"signatures"`},
	{"signatures of the wrong type", func(r *testRepo) { r.files["timestamp.json"] = []byte(`{"signatures":{},"signed":{}}`) }, ErrInvalid, `"signatures"`},
	{"member twice", func(r *testRepo) { r.replace("timestamp.json", `"version": 5`, `"version": 5, "version": 9`) }, ErrInvalid, "appears twice"},
	{"truncated", func(r *testRepo) { r.files["timestamp.json"] = r.files["timestamp.json"][:100] }, ErrInvalid, "not valid JSON"},
	{"not UTF-8", func(r *testRepo) { r.replace("timestamp.json", "Timestamp", "Time\xffstamp") }, ErrInvalid, "not valid UTF-8"},
	{"type in lower case", func(r *testRepo) { signedChange(r, "_type", "timestamp") }, ErrInvalid, `its type is "timestamp", not "Timestamp"`},
	{"version zero", func(r *testRepo) { signedChange(r, "version", 0) }, ErrInvalid, `member "version"`},
	{"version as text", func(r *testRepo) { signedChange(r, "version", "6") }, ErrInvalid, `member "version"`},
	{"version with a fraction", func(r *testRepo) { signedChange(r, "version", 6.5) }, ErrInvalid, `member "version"`},
	{"version beyond 64 bits", func(r *testRepo) { signedChange(r, "version", 1e30) }, ErrInvalid, `member "version"`},
	{"expires with a fraction", func(r *testRepo) { signedChange(r, "expires", "2031-01-01T00:00:00.0Z") }, ErrInvalid, `member "expires"`},
	{"expires with an offset", func(r *testRepo) { signedChange(r, "expires", "2031-01-01T00:00:00+00:00") }, ErrInvalid, `member "expires"`},
	{"expires without a time", func(r *testRepo) { signedChange(r, "expires", "2031-01-01") }, ErrInvalid, `member "expires"`},
	{"expires on a day that is none", func(r *testRepo) { signedChange(r, "expires", "2031-02-30T00:00:00Z") }, ErrInvalid, `member "expires"`},
	{"no expiry", func(r *testRepo) { signedChange(r, "expires", nil) }, ErrInvalid, `member "expires"`},
	{"timestamp without a snapshot", func(r *testRepo) { signedChange(r, "meta", map[string]any{}) }, ErrInvalid, `member "snapshot.json" of "meta"`},
	{"timestamp without hashes", func(r *testRepo) {
		r.release()
		r.edit(roleTimestamp, func(s map[string]any) { metaOf(s, "snapshot.json")["hashes"] = map[string]any{"md5": "00"} })
	}, ErrInvalid, "neither a sha256 nor a sha512"},
	{"timestamp with a version alone", func(r *testRepo) {
		r.release()
		r.edit(roleTimestamp, func(s map[string]any) { delete(metaOf(s, "snapshot.json"), "hashes") })
	}, ErrInvalid, `member "hashes"`},
	{"snapshot with a version alone", func(r *testRepo) {
		r.release()
		r.edit(roleSnapshot, func(s map[string]any) {
			delete(metaOf(s, "targets.json"), "hashes")
			delete(metaOf(s, "targets.json"), "length")
		})
		r.publishTimestamp()
	}, nil, ""},
	{"snapshot with hashes of an unknown kind", func(r *testRepo) {
		r.release()
		r.edit(roleSnapshot, func(s map[string]any) { metaOf(s, "targets.json")["hashes"] = map[string]any{"md5": "00"} })
		r.publishTimestamp()
	}, ErrInvalid, "neither a sha256 nor a sha512"},
	{"targets that are no object", func(r *testRepo) {
		r.release()
		r.edit(roleTargets, func(s map[string]any) { s["targets"] = []int{} })
		r.publishSnapshot()
		r.publishTimestamp()
	}, ErrInvalid, `member "targets"`},
}

func metaOf(signed map[string]any, file string) map[string]any {
	return signed["meta"].(map[string]any)[file].(map[string]any)
}

// signedChange publishes a release whose timestamp has one member changed before it is signed.
func signedChange(r *testRepo, member string, value any) {
	r.release()
	r.edit(roleTimestamp, func(s map[string]any) { s[member] = value })
}

// twoOf publishes a root in which a role has a second key and needs both.
func twoOf(r *testRepo, role string) {
	r.bump(roleRoot)
	r.roles[role].keys = append(r.roles[role].keys, newSigner(r.t, role+"-second"))
	r.roles[role].threshold = 2
	r.publishRoot()
}

// weakRSA is a key of a size that Go only makes when told to.
func weakRSA(t testing.TB) *signer {
	t.Setenv("GODEBUG", "rsa1024min=0")
	return newRSASigner(t, "weak", 1024)
}
