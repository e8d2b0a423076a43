package tuf

import (
	"strings"
)

// attacksOnSignatures are about signatures, thresholds and keys.
var attacksOnSignatures = []attack{
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
}
