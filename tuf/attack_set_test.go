package tuf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// attacksOnSets are about documents that do not belong together or say more than they should, and about the source.
var attacksOnSets = []attack{
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
	{"targets of the last release beside a new snapshot", func(r *testRepo) {
		old := r.files["targets.json"]
		r.release()
		r.files["targets.json"] = old
	}, ErrInvalid, "targets version 5 refused: the snapshot names version 6"},
	{"snapshot of the last release beside a new timestamp", func(r *testRepo) {
		old := r.files["snapshot.json"]
		r.release()
		r.files["snapshot.json"] = old
	}, ErrInvalid, "snapshot version 5 refused: the timestamp names version 6"},
	{"timestamp of the last release beside new documents", func(r *testRepo) {
		old := r.files["timestamp.json"]
		r.release()
		r.files["timestamp.json"] = old
	}, nil, ""},
	{"snapshot and targets of the last release, alone", func(r *testRepo) {
		snapshot, targets := r.files["snapshot.json"], r.files["targets.json"]
		r.release()
		r.files["snapshot.json"], r.files["targets.json"] = snapshot, targets
	}, ErrInvalid, "snapshot version 5 refused: the timestamp names version 6"},
	{"a whole other repository", func(r *testRepo) {
		foreign := newTestRepo(r.t)
		foreign.roles[roleTimestamp].version = 9
		foreign.release()
		r.files = foreign.files
	}, ErrInvalid, "timestamp version 10 refused: signed by 0 of 1 required keys"},
	{"a whole other repository with a root that claims to follow", func(r *testRepo) {
		foreign := newTestRepo(r.t)
		foreign.bump(roleRoot)
		foreign.publish()
		r.files = foreign.files
	}, ErrInvalid, "root version 2 refused: signed by 0 of 1 required keys of root version 1"},
	{"targets of another repository", func(r *testRepo) {
		r.release()
		foreign := newTestRepo(r.t)
		foreign.roles[roleTargets].version = 6
		foreign.publishTargets()
		r.files["targets.json"] = foreign.files["targets.json"]
	}, ErrInvalid, "targets version 6 refused: signed by 0 of 1 required keys"},
	{"root in place of the targets", func(r *testRepo) { r.release(); r.files["targets.json"] = r.files["1.root.json"] }, ErrInvalid, `its type is "Root", not "Targets"`},
	{"bundle description in place of the targets", func(r *testRepo) {
		r.release()
		r.files["targets.json"] = r.bundle("intel-lmp-6").files[bundleFile]
	}, ErrRollback, "targets version 3 refused: older than version 5"},
	{"bundle description of the right version in place of the targets", func(r *testRepo) {
		r.release()
		b := r.bundle("intel-lmp-6")
		b.signed["version"] = 6
		b.sign()
		r.files["targets.json"] = b.files[bundleFile]
	}, ErrInvalid, "targets version 6 refused: its canonical length is"},

	// Extraneous members: signed and hashed like the rest, otherwise passed over.
	{"another file in the timestamp", func(r *testRepo) {
		r.release()
		r.edit(roleTimestamp, func(s map[string]any) { s["meta"].(map[string]any)["x.json"] = map[string]any{"version": 1} })
	}, nil, ""},
	{"another file in the snapshot", func(r *testRepo) {
		r.release()
		r.edit(roleSnapshot, func(s map[string]any) { s["meta"].(map[string]any)["root.json"] = map[string]any{"version": 99} })
		r.publishTimestamp()
	}, nil, ""},
	{"another role in the root", func(r *testRepo) {
		r.bump(roleRoot)
		r.publishRoot()
		r.edit(roleRoot, func(s map[string]any) {
			s["roles"].(map[string]any)["mirrors"] = map[string]any{"keyids": []int{}, "threshold": 0}
		})
	}, nil, ""},
	{"a key that no role has", func(r *testRepo) {
		r.bump(roleRoot)
		r.publishRoot()
		r.edit(roleRoot, func(s map[string]any) { s["keys"].(map[string]any)["spare"] = newSigner(r.t, "spare").public(r.t) })
	}, nil, ""},
	{"a role with a key that the root does not have", func(r *testRepo) {
		r.bump(roleRoot)
		r.publishRoot()
		r.edit(roleRoot, func(s map[string]any) {
			role := s["roles"].(map[string]any)["targets"].(map[string]any)
			role["keyids"] = append(role["keyids"].([]any), "nowhere")
		})
	}, nil, ""},
	{"delegations", func(r *testRepo) {
		r.release()
		r.edit(roleTargets, func(s map[string]any) {
			s["delegations"] = map[string]any{"keys": map[string]any{}, "roles": []any{map[string]any{"name": "evil", "paths": []string{"*"}}}}
		})
		r.publishSnapshot()
		r.publishTimestamp()
	}, nil, ""},
	{"a hash of another kind beside the known", func(r *testRepo) {
		r.release()
		r.edit(roleTimestamp, func(s map[string]any) { metaOf(s, "snapshot.json")["hashes"].(map[string]any)["md5"] = "00" })
	}, nil, ""},
	{"a member outside of what is signed", func(r *testRepo) { r.release(); r.replace("timestamp.json", `{`, `{"x": 1,`) }, nil, ""},
	{"a member outside of what is signed, below the timestamp", func(r *testRepo) {
		r.release()
		r.replace("snapshot.json", `{`, `{"x": 1,`)
	}, ErrInvalid, "snapshot version 6 refused: its canonical length is"},
	{"another order and spacing", func(r *testRepo) {
		r.release()
		r.replace("targets.json", `{`, "{ \t\r\n ")
	}, nil, ""},
	{"a hundred signatures of strangers", func(r *testRepo) {
		for i := range 100 {
			r.roles[roleTimestamp].keys = append(r.roles[roleTimestamp].keys, newSigner(r.t, fmt.Sprint("stranger-", i)))
		}
		r.release()
	}, nil, ""},

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
	{"slow server", func(r *testRepo) { r.fail["targets.json"] = context.DeadlineExceeded; r.release() }, ErrFetch, "targets could not be fetched: context deadline exceeded"},
	{"less than was announced", func(r *testRepo) { r.fail["timestamp.json"] = io.ErrUnexpectedEOF }, ErrFetch, "timestamp could not be fetched: unexpected EOF"},
	{"nothing after the root", func(r *testRepo) { r.rotate(roleRoot); delete(r.files, "timestamp.json") }, ErrNotFound, "timestamp not found"},
}
