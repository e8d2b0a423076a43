package tuf

// attacksOnForm are about the form of documents.
var attacksOnForm = []attack{
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
